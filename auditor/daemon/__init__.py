"""The tick, the daemon that calls it each minute, and the duties that come due."""
