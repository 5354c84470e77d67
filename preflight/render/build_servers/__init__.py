"""The formats that build servers and code hosts read."""
