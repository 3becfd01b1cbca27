"""Agents: they poll cache servers that nobody instrumented, and ship counters as weights."""
