"""What takes milliseconds: the rules, the laws that every aggregate obeys, and the bounds of what is read."""
