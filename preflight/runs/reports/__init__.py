"""Reads the results of runs again: reports, tables and figures."""
