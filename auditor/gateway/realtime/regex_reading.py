"""Reading the regular expressions of PostgreSQL, as far as `match` and `imatch` take them.

Letters, `.`, classes with ranges and names ([[:digit:]], \\d \\w \\s), groups, alternatives, ^, $,
* + ? and {m,n}; neither back references nor look-around.
"""

from __future__ import annotations

import string
from typing import Final

from auditor.gateway.realtime.regexes import Letters, Regex, State

LONGEST_PATTERN: Final = 200
MOST_REPEATS: Final = 50
MOST_STATES: Final = 200
NAMED: Final[dict[str, Letters]] = {
    "alpha": str.isalpha,
    "digit": str.isdecimal,
    "alnum": str.isalnum,
    "upper": str.isupper,
    "lower": str.islower,
    "space": str.isspace,
    "punct": lambda letter: letter in string.punctuation,
    "xdigit": lambda letter: letter in string.hexdigits,
}
ESCAPED: Final[dict[str, Letters]] = {
    "d": str.isdecimal,
    "w": lambda letter: letter.isalnum() or letter == "_",
    "s": str.isspace,
    "D": lambda letter: not letter.isdecimal(),
    "W": lambda letter: not (letter.isalnum() or letter == "_"),
    "S": lambda letter: not letter.isspace(),
}
"""The letter after a backslash; any other that is no letter or digit stands for itself."""


def read_regex(pattern: str, folded: bool) -> Regex:
    """Raises ValueError for what is not understood."""
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError("too long")
    reading = _Reading(pattern, folded)
    start, end = reading.alternatives()
    if reading.left():
        raise ValueError("a parenthesis too many")
    return Regex(start, end, folded)


class _Reading:
    """Reads by descent; each part gives its first and its last state."""

    def __init__(self, pattern: str, folded: bool) -> None:
        self._pattern, self._folded = pattern, folded
        self._at = self._states = 0

    def left(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def alternatives(self) -> tuple[State, State]:
        start, end = self._state(), self._state()
        while True:
            first, last = self._sequence()
            start.next.append(first)
            last.next.append(end)
            if self.left() != "|":
                return start, end
            self._at += 1

    def _sequence(self) -> tuple[State, State]:
        start = end = self._state()
        while self.left() not in ("", "|", ")"):
            end = self._repeated(end)
        return start, end

    def _repeated(self, end: State) -> State:
        """An atom and how often it comes, behind a state; each time has states of its own."""
        begun = self._at
        parsed = [self._atom()]
        least, most = self._repeats()
        after = self._at

        def once_more() -> tuple[State, State]:
            self._at = begun
            return parsed.pop() if parsed else self._atom()

        for _ in range(least):
            first, last = once_more()
            end.next.append(first)
            end = last
        for _ in range(1 if most is None else most - least):
            first, last = once_more()
            out = self._state()
            end.next.extend([first, out])
            last.next.extend([out] if most is not None else [out, first])
            end = out
        self._at = after
        return end

    def _repeats(self) -> tuple[int, int | None]:
        """How often at least and at most; None: no end."""
        sign = self.left()
        if sign in ("*", "+", "?"):
            self._at += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        if sign != "{":
            return 1, 1
        inside, closing, _ = self._pattern[self._at + 1 :].partition("}")
        least, comma, most = inside.partition(",")
        low, high = int(least), None if comma and not most else int(most or least)
        if not closing or not 0 <= low <= (low if high is None else high) <= MOST_REPEATS:
            raise ValueError("repeated too often")
        self._at += len(inside) + 2
        return low, high

    def _atom(self) -> tuple[State, State]:
        letter = self._take()
        if letter == "(":
            if self._pattern.startswith("?:", self._at):
                self._at += 2
            inside = self.alternatives()
            if self._take() != ")":
                raise ValueError("a parenthesis is left open")
            return inside
        if letter in ("^", "$"):
            return self._single(None, letter)
        if letter == "[":
            return self._single(self._class())
        if letter == "\\":
            return self._single(self._escaped())
        if letter in ("*", "+", "?", "{"):
            raise ValueError("nothing is repeated")
        return self._single((lambda _: True) if letter == "." else self._one(letter))

    def _class(self) -> Letters:
        negated = self.left() == "^"
        self._at += negated
        parts: list[Letters] = []
        while not (self.left() == "]" and parts):
            if self._pattern.startswith("[:", self._at):
                name, _, _ = self._pattern[self._at + 2 :].partition(":]")
                if name not in NAMED:
                    raise ValueError("a class that is not known")
                self._at += len(name) + 4
                cased = self._folded and name in ("upper", "lower")
                parts.append(NAMED["alpha" if cased else name])
                continue
            low = self._take()
            if low == "\\":
                parts.append(self._escaped())
                continue
            if self.left() == "-" and self._pattern[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                parts.append(self._range(low, self._take()))
            else:
                parts.append(self._one(low))
        self._at += 1
        return lambda found: any(part(found) for part in parts) is not negated

    def _escaped(self) -> Letters:
        letter = self._take()
        if letter in ESCAPED:
            return ESCAPED[letter]
        if letter.isalnum():
            raise ValueError("an escape that is not known")
        return self._one(letter)

    def _one(self, letter: str) -> Letters:
        wanted = letter.lower() if self._folded else letter
        return lambda found: found == wanted

    def _range(self, low: str, high: str) -> Letters:
        if low > high:
            raise ValueError("a range that is none")
        if not self._folded:
            return lambda found: low <= found <= high
        return lambda found: low <= found <= high or low <= found.upper() <= high

    def _single(self, takes: Letters | None, at: str = "") -> tuple[State, State]:
        first, last = self._state(), self._state()
        first.takes, first.at = takes, at
        first.next.append(last)
        return first, last

    def _state(self) -> State:
        self._states += 1
        if self._states > MOST_STATES:
            raise ValueError("too large")
        return State()

    def _take(self) -> str:
        letter = self.left()
        if not letter:
            raise ValueError("it ends too soon")
        self._at += 1
        return letter
