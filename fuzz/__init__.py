"""Mutants of every fixture, made with knowledge of their formats, and the invariants of each: ``python -m fuzz``."""
