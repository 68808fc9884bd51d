"""What a handler keeps on its own disk: a cache of the log, which can be deleted at any time."""
