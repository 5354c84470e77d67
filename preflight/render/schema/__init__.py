"""The JSON Schemas of those objects."""
