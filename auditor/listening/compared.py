"""How a comparison looks in a terminal and on a page, and as JSON."""

from __future__ import annotations

from dataclasses import astuple, dataclass

from auditor.comparing import wording
from auditor.comparing.comparison import Comparison
from auditor.comparing.keys import KeyLosses
from auditor.screen import Screen
from baselines.store import instant


@dataclass(frozen=True, slots=True)
class Line:
    """One measure in words; '' where there is nothing to say."""

    measure: str
    baseline: str
    candidate: str
    difference: str
    between: str
    margin: str
    comes_to: str


def lines(one: Comparison) -> list[Line]:
    """A line a measure, in their order."""
    return [
        Line(
            each.title,
            wording.figure(each.baseline, each.value_unit),
            wording.figure(each.candidate, each.value_unit),
            wording.difference(each.estimate, each.unit),
            wording.between(each),
            f"{each.margin:g}",
            wording.standing(each),
        )
        for each in one.differences
    ]


def notes(one: Comparison, losing: KeyLosses | None) -> list[str]:
    """What the verdict rests on, how far it can be trusted, and where the candidate loses."""
    return [
        *wording.basis(one),
        wording.checked(one.self_check),
        *wording.losing_hours(one),
        *(wording.losing_keys(losing) if losing is not None else ()),
    ]


def document(one: Comparison, losing: KeyLosses | None) -> dict[str, object]:
    """One cache as JSON; minutes become instants. losing: None where keys are not known."""
    fields = {name: getattr(one, name) for name in one.__dataclass_fields__}
    left_out = [
        {
            "implementation": each.implementation,
            "since": instant(each.since),
            "until": instant(each.until),
            "after": each.after,
        }
        for each in one.left_out
    ]
    spanned = {"since": instant(one.since), "until": instant(one.until), "left_out": left_out}
    keys = None
    if losing is not None:
        keys = {name: getattr(losing, name) for name in losing.__dataclass_fields__}
        keys |= {"since": instant(losing.since), "until": instant(losing.until)}
    return {**fields, **spanned, "says": wording.headline(one), "losing_keys": keys}


def show(screen: Screen, one: Comparison, losing: KeyLosses | None) -> None:
    """One cache for people: the verdict, a line a measure, what it rests on, where it loses."""
    screen.say(f"{one.cache_name}: {wording.headline(one)}\n")
    screen.table(
        ("measure", one.baseline, one.candidate, "difference", "between", "margin", "comes to"),
        [astuple(each) for each in lines(one)],
    )
    screen.say("")
    for sentence in notes(one, losing):
        screen.say(f"- {sentence}")
    screen.say("")
