"""What a change in a Git repository costs: jobs and media of two commits, compared."""
