"""Mutants of every fixture, made with knowledge of their formats, and what must hold for each: ``python -m fuzz``."""
