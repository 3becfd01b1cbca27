"""The commands of the tool, one file a command: each has `register(app)` and is discovered."""
