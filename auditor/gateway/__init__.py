"""What the auditor answers over HTTP."""
