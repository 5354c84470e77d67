"""Renders reports: text for people; JSON, SARIF, JUnit XML and workflow commands for programs."""
