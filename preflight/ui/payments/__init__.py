"""The pages that pay for a job and show what was paid."""
