"""The engines that share the parts of a run out, and the worker that they start."""
