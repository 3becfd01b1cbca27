"""What would have been said: windows replayed through learning, judging and folding. Pure."""
