"""What is ordinary for a series: windows, robust and seasonal statistics, the fit, its store."""
