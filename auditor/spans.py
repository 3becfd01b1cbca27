"""Lengths of time in words."""

from datetime import timedelta


def span(length: timedelta) -> str:
    """A length of time as people say it: '45 s', '12 min', '3 h 20 min', '2 d 4 h'."""
    seconds = int(length.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
