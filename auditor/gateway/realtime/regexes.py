"""Regular expressions of `match` and `imatch`, matched in a time that no pattern can blow up.

All states at once, letter by letter (Thompson 1968): at most length · states steps, where a matcher
that tries one way after the other may need exponentially many.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

LONGEST_TEXT: Final = 500
"""Letters of a text that are looked at."""
Letters = Callable[[str], bool]


@dataclass(slots=True)
class State:
    """takes: the letters that lead to next; None: it leads there without one.

    at: '^' or '$' where it leads on only there.
    """

    takes: Letters | None = None
    at: str = ""
    next: list[State] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Regex:
    """folded: capitals do not matter."""

    start: State
    end: State
    folded: bool

    def found_in(self, text: str) -> bool:
        """Whether any part of the text is as the pattern says."""
        text = text[:LONGEST_TEXT].lower() if self.folded else text[:LONGEST_TEXT]
        states: dict[int, State] = {}
        for at in range(len(text) + 1):
            self._reach(self.start, states, at, len(text))
            if id(self.end) in states:
                return True
            if at == len(text):
                return False
            moved: dict[int, State] = {}
            for state in states.values():
                if state.takes is not None and state.takes(text[at]):
                    for following in state.next:
                        self._reach(following, moved, at + 1, len(text))
            states = moved
        return False

    def _reach(self, state: State, states: dict[int, State], at: int, length: int) -> None:
        waiting = [state]
        while waiting:
            state = waiting.pop()
            if id(state) in states or (state.at and at != (0 if state.at == "^" else length)):
                continue
            states[id(state)] = state
            if state.takes is None:
                waiting.extend(state.next)
