"""The options of commands, the types of their values, and how a shell completes them."""
