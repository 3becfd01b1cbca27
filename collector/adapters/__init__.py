"""Cache libraries watched without a change to their behaviour, one file a library."""
