"""What detectors are made of: the scene, pooled sums, tails, residuals, the forest. Pure."""
