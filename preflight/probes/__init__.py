"""Turns bytes into facts, without I/O. A probe is a generator that asks for spans (``preflight.model.Probe``)."""
