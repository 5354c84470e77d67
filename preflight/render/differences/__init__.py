"""Renders a difference between two states of a repository."""
