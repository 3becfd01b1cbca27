"""Questions put to windows that are there already: shells that read a database or a file."""
