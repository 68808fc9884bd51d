"""What other teams build upon: made from the code, checked by what is not ours, and never changed into another."""
