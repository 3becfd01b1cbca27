"""`cache-auditor demo`: a small shop, two real caches, an incident, and what the auditor says."""
