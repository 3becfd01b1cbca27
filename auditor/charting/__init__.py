"""What a chart of a cache shows: points of counts, merged histograms, the band of a week."""
