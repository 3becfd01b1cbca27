"""Which series are counted in the process instead of shipped event by event."""

from __future__ import annotations

from collections.abc import Container, Mapping

Series = tuple[str, str]  # cache_name, implementation_type

AUTO, ALWAYS, NEVER = "auto", "always", "never"
MODES = (AUTO, ALWAYS, NEVER)

SPAN_S = 5
CALM_SPANS = 12
CALM_SHARE = 0.5
MOST_SERIES = 1_000


class _All(Container[Series]):
    def __contains__(self, series: object) -> bool:
        return True


class Choice:
    """In auto, a series is chosen for its rate and given up when it has long been calm.

    Chosen: more than above_per_s * SPAN_S events in one span of SPAN_S seconds. Given up:
    CALM_SPANS whole spans in a row with less than CALM_SHARE of that. Spans are of the events' own
    time, so it does not matter when they are looked at.
    """

    def __init__(self, mode: str, above_per_s: float) -> None:
        self.above_per_s = above_per_s
        self._most = above_per_s * SPAN_S
        self._auto = mode == AUTO
        self._seen: dict[Series, dict[int, int]] = {}
        self._calm_since: dict[Series, int] = {}
        self.chosen: Container[Series] = _All() if mode == ALWAYS else frozenset()

    @property
    def may_choose(self) -> bool:
        """It is decided by rate."""
        return self._auto

    @property
    def active(self) -> bool:
        """Any series is chosen."""
        return isinstance(self.chosen, _All) or bool(self.chosen)

    def note(self, counts: Mapping[tuple[Series, int], int]) -> None:
        """So many events of each series in each span (a whole number: seconds // SPAN_S)."""
        if not self._auto:
            return
        for (series, span), n in counts.items():
            spans = self._seen.get(series)
            if spans is None:
                if len(self._seen) >= MOST_SERIES:
                    continue
                spans = self._seen[series] = {}
            spans[span] = spans.get(span, 0) + n
            if spans[span] > self._most:
                self.choose(series, span)

    def choose(self, series: Series, span: int) -> None:
        """It came too fast in this span, whoever found that out; only where rates decide."""
        if self._auto:
            self._calm_since[series] = max(self._calm_since.get(series, 0), span + 1)
            self.chosen = frozenset(self._calm_since)

    def pass_on(self, span: int) -> None:
        """The span that is now; earlier ones are over."""
        for series in list(self._calm_since):
            seen = self._seen.get(series, {})
            loud = [s for s, n in seen.items() if n >= self._most * CALM_SHARE]
            since = max([self._calm_since[series], *(s + 1 for s in loud)])
            self._calm_since[series] = since
            if span - since >= CALM_SPANS:
                del self._calm_since[series]
        if self._auto:
            self.chosen = frozenset(self._calm_since)
        for series in list(self._seen):
            recent = {s: n for s, n in self._seen[series].items() if s >= span - 1}
            if recent:
                self._seen[series] = recent
            else:
                del self._seen[series]
