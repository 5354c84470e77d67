"""The commands that call the service: the key, uploads, consent, payment, results."""
