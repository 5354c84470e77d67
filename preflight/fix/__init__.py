"""Repairs local files: from findings to a new file that passes its check."""
