"""Fairlead's service: commands in, events and replies out, exactly once."""
