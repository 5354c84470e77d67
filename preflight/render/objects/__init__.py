"""The JSON objects that programs rely on."""
