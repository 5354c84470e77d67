"""Tables: of results, of sums over them, of rules and models."""
