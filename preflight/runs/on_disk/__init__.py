"""The files of a run, on disk or in a store."""
