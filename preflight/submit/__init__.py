"""Checks, pays once, and writes down the outcome."""
