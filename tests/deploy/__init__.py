"""Tests of what the service is run with elsewhere."""
