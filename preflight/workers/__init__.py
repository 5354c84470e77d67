"""Isolated processes in which MediaInfo and decoders run under limits, outside the main process."""
