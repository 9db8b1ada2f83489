"""Measures as ratios: what we do beside a floor that does the least, in one run."""
