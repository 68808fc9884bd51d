"""Commands through the parts of the service, and what judges them, without a server."""
