"""The manifest of a run: opened from anywhere, and cut into parts."""
