"""Maintenance: when it holds, for whom, and how it ends. Pure: it takes instants and `now`."""
