"""What the benchmark measures: a module a section, each with a ``measure``."""
