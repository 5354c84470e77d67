"""Brings local files to a URL from which the service can fetch them, and reads back what is there."""
