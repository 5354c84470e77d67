"""Isolated processes: MediaInfo and decoders run here, under limits, and never in the main process."""
