"""What the dashboard's pages, and other programs, ask for: typed JSON under /v1."""
