"""How the auditor itself is, for Prometheus."""
