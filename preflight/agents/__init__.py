"""The MCP server, by which agents check and price jobs, and pay within what a person or the operator allows."""
