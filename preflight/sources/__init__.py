"""Gets bytes from a local file or a URL, guards addresses, and accounts for the transfer."""
