"""Renders what is about to be paid for, what was paid, and the ledger."""
