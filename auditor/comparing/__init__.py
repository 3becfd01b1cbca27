"""Two implementations of one cache side by side: which is better, and how sure that is."""
