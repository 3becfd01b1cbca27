"""Control characters, which could rewrite a terminal, as their numbers; what is shown goes by here.

Tab and line feed stay.
"""

from typing import Final

CONTROLS: Final = {
    number: f"\\x{number:02x}" for number in (*range(32), *range(127, 160)) if number not in (9, 10)
}


def without_controls(text: str) -> str:
    """A text that a terminal shows as it is."""
    return text.translate(CONTROLS)
