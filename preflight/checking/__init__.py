"""The engine that checks targets, its options, and the modules that hide or confirm findings."""
