"""What holds of the code itself."""
