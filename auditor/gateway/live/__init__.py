"""One LISTEN connection for everybody who listens through the gateway."""
