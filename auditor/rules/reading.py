"""Rules as a settings file has them: `[[rules]]` tables, read with all their faults at once."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any, Final

from auditor.rules.rule import LEAST_COUNT, Rule, RuleInvalid, Side

MOST_RULES: Final = 200
BOUNDS: Final[dict[str, tuple[Side, bool]]] = {
    "above": ("above", False),
    "below": ("below", False),
    "above_baseline_percent": ("above", True),
    "below_baseline_percent": ("below", True),
}
"""Key of the bound -> its side, and whether it is against the baseline."""
TEXTS: Final = {
    "name": "name", "metric": "metric", "cache": "cache_name",
    "implementation": "implementation_type", "severity": "severity", "message": "message",
}  # fmt: skip
WHOLE: Final = ("for_minutes", "over_minutes")
KEYS: Final = (*TEXTS, *BOUNDS, *WHOLE, "least_count")


def read_rules(tables: object) -> tuple[Rule, ...]:
    """The rules, in the order they were written.

    tables: a list of tables with KEYS. Raises RuleInvalid with every fault of every rule, each with
    the rule's place (the first is 1) and name.
    """
    if not isinstance(tables, list | tuple) or not all(isinstance(t, Mapping) for t in tables):
        raise RuleInvalid("must be tables: [[rules]], and below it name = …, metric = …")
    if len(tables) > MOST_RULES:
        raise RuleInvalid(f"there are {len(tables)} rules; {MOST_RULES} are the most")
    rules: list[Rule] = []
    faults: list[str] = []
    seen: dict[str, int] = {}
    for place, table in enumerate(tables, start=1):
        said = f"rule {place}" + (f" {table['name']!r}" if table.get("name") else "")
        try:
            rules.append(_rule(table))
        except RuleInvalid as invalid:
            faults += [f"{said}: {fault}" for fault in invalid.faults]
        name = table.get("name")
        if isinstance(name, str) and seen.setdefault(name, place) != place:
            faults.append(f"{said}: rule {seen[name]} has that name already")
    if faults:
        raise RuleInvalid(*faults)
    return tuple(rules)


def _rule(table: Mapping[str, Any]) -> Rule:
    """One rule. Raises RuleInvalid: first what cannot be read, and then what cannot be meant."""
    faults = [f"{key}: there is no such key; a rule has {', '.join(KEYS)}"
              for key in table if key not in KEYS]  # fmt: skip
    faults += [f"{key}: is missing" for key in ("name", "metric") if key not in table]
    given = [key for key in BOUNDS if key in table]
    if len(given) != 1:
        faults.append(f"one bound is needed, one of {', '.join(BOUNDS)}; it has {len(given)}")
    faults += [
        f"{key} = {table[key]!r}: must be {wanted}"
        for key, kinds, wanted in _TYPES
        if key in table and (isinstance(table[key], bool) or not isinstance(table[key], kinds))
    ]
    wrong = {fault.split(" = ")[0] for fault in faults}
    # of what could be read the meaning is checked all the same, so that all is said at once
    usable = {key: value for key, value in table.items() if key in KEYS and key not in wrong}
    bound = given[0] if len(given) == 1 and given[0] in usable else ""
    side, against = BOUNDS[bound or "above"]
    fields = {TEXTS[key]: usable[key] for key in TEXTS if key in usable}
    try:
        made = Rule(
            **{"name": "?", "metric": "traffic", **fields},
            side=side, value=_number(usable[bound]) if bound else 1.0, against_baseline=against,
            **{key: usable[key] for key in WHOLE if key in usable},
            least_count=_number(usable.get("least_count", LEAST_COUNT)),
        )  # fmt: skip
    except RuleInvalid as invalid:
        raise RuleInvalid(*faults, *invalid.faults) from None
    if faults:
        raise RuleInvalid(*faults)
    return made


def _number(given: float) -> float:
    try:
        return float(given)
    except OverflowError:  # a whole number may have any length
        return inf


_TYPES: Final[tuple[tuple[str, Any, str], ...]] = (
    *((key, str, "text") for key in TEXTS),
    *((key, int | float, "a number") for key in (*BOUNDS, "least_count")),
    *((key, int, "a whole number") for key in WHOLE),
)
