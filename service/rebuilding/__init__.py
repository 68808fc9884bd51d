"""Builds of projections beside those that are shown: made, compared, shown instead, taken back, mended, dropped."""
