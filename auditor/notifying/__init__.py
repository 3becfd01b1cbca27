"""What is told to whom elsewhere, in which words, when, and when it is given up."""
