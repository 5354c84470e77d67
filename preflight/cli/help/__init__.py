"""Help pages and the words of usage errors."""
