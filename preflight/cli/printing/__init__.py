"""The way out: what is printed, where it goes, and how progress is shown."""
