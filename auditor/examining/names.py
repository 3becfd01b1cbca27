"""The check of names: what maintenance and settings say of caches that nobody ever heard of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Final

from auditor.examining.doctor import Examination, Finding, ok, warning
from auditor.stores.maintenance import read_maintenance

MOST_NEAR: Final = 3
ALIKE: Final = 0.5
"""Share of two names' letters that agree (difflib's ratio) before one is taken for the other."""
MOST_TOLD: Final = 5
ANY_TIME: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""Later than any maintenance may begin."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Who speaks ('rule slow', 'maintenance 3') and of what; None for all."""

    who: str
    cache_name: str | None
    implementation_type: str | None


def names(examination: Examination) -> Finding:
    """Maintenance, rules and budgets hold for something: the names they use were heard of."""
    rows = examination.rows("read_series_names")
    series = {(row["cache_name"], row["implementation_type"]) for row in rows}
    scopes = _scopes(examination)
    if not series:
        return ok("names", "no cache was ever heard of, so there is nothing to compare with")
    told = [said for each in scopes if (said := unheard_of(each, series))]
    if not told:
        return ok("names", f"{len(scopes)} scopes of maintenance and settings, each is known")
    more = f"; and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    return warning(
        "names",
        "; ".join(told[:MOST_TOLD]) + more,
        "such a scope holds for nothing. Mend a rule or alert_budget_by_cache in the settings, a "
        "maintenance by `maintenance remove` and `add`; leave what is meant for a cache to come",
    )


def unheard_of(scope: Scope, series: Collection[tuple[str, str]]) -> str:
    """What is wrong with a scope, with the names that are nearest; '' when it holds for a series.

    series: cache and implementation of all that were ever heard of.
    """
    cache, wanted = scope.cache_name, scope.implementation_type
    caches = {each for each, _ in series}
    if cache is not None and cache not in caches:
        return f"{scope.who} names the cache {cache!r}; {_nearest(cache, caches)}"
    there = {kind for each, kind in series if cache in (None, each)}
    if wanted is None or wanted in there:
        return ""
    of = "" if cache is None else f" of {cache}"
    return f"{scope.who} names the implementation {wanted!r}{of}; {_nearest(wanted, there)}"


def _nearest(name: str, known: Collection[str]) -> str:
    """The known names that are most like it, else the first of them."""
    near = get_close_matches(name, sorted(known), MOST_NEAR, ALIKE)
    if near:
        return f"nearest is {', '.join(near)}"
    some = sorted(known)[:MOST_NEAR]
    more = f" and {len(known) - len(some)} more" if len(known) > len(some) else ""
    return f"there is {', '.join(some)}{more}"


def _scopes(examination: Examination) -> Sequence[Scope]:
    """All that maintenance which is not over, rules and budgets speak of."""
    settings = examination.settings
    held = read_maintenance(examination.connection, examination.now, ANY_TIME)
    return [
        *(Scope(f"maintenance {e.id}", e.cache_name, e.implementation_type) for e in held),
        *(Scope(f"rule {e.name!r}", e.cache_name, e.implementation_type) for e in settings.rules),
        *(Scope("alert_budget_by_cache", e, None) for e in settings.alert_budget_by_cache or ()),
    ]
