"""Which PostgreSQL, and the way to it: a named server, or the embedded one with its lease."""
