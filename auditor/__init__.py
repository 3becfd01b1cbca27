"""The auditor: what it does with windows, and its faces. `cli` is the command line's entry."""
