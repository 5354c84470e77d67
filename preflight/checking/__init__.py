"""The engine that checks targets, its options, and everything that hides or confirms findings."""
