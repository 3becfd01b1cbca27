"""The user's own rules: what they may say, how they are read, and where they fire. Pure."""
