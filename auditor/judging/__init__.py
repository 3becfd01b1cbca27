"""From detectors' statistics to one calibrated score, learned from the series' own past. Pure."""
