"""Patterns of LIKE, matched in a time that no pattern can blow up."""

from __future__ import annotations

ANY_ONE, ANY_MANY = "_", "%"


def read_like(pattern: str) -> tuple[tuple[str, bool], ...]:
    """Each letter and whether it is a wildcard; a backslash takes a wildcard's meaning away.

    Raises ValueError for a backslash at the end.
    """
    letters: list[tuple[str, bool]] = []
    escaped = False
    for letter in pattern:
        if escaped or letter != "\\":
            letters.append((letter, not escaped and letter in (ANY_ONE, ANY_MANY)))
            escaped = False
        else:
            escaped = True
    if escaped:
        raise ValueError("a pattern does not end with a backslash")
    return tuple(letters)


def like(text: str, pattern: tuple[tuple[str, bool], ...]) -> bool:
    """Whether the whole text is as the pattern says: at most len(text) · len(pattern) steps.

    After a mismatch only the last % takes one letter more (as globs have been matched since
    Krauss 2008): what an earlier one could take differently, the last one can too.
    """
    at = place = 0
    star, taken = -1, 0
    while at < len(text):
        letter, wild = pattern[place] if place < len(pattern) else ("", False)
        if wild and letter == ANY_MANY:
            star, taken = place, at
            place += 1
        elif place < len(pattern) and ((wild and letter == ANY_ONE) or letter == text[at]):
            at, place = at + 1, place + 1
        elif star >= 0:
            taken += 1
            at, place = taken, star + 1
        else:
            return False
    return all(wild and letter == ANY_MANY for letter, wild in pattern[place:])
