"""What other teams hold in their hands: schemas, samples and pages, made from the code that they describe."""
