"""The page of one job: its files, its findings, its price and its repairs."""
