"""Repairs local files: findings to steps, steps to a new file that passes its check, and that file to its place."""
