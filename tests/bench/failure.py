"""What ends a benchmark, told in a line."""


class BenchFailed(Exception):
    """Says what happened and what to do next."""
