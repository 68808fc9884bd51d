"""An aggregate moves to other topics with more partitions: its old ones cannot get any more."""
