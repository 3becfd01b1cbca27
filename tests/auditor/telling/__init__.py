"""Named listeners, notifications, the live table."""
