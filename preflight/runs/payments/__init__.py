"""Pays for the jobs of a run that passed."""
