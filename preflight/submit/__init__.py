"""Check, then pay once: a job is handed to the service, and its outcome is written down."""
