"""Spans of OpenTelemetry, where the program that embeds preflight has set that up."""
