"""Where bytes come from: a local file or a remote URL, the address policy, and what the transfer cost."""
