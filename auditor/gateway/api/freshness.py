"""Whether what a page shows is of now, and if it is not, why not and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

from pydantic import BaseModel, Field

from auditor.gateway.live.messages import Liveness
from auditor.spans import span
from auditor.stores.current import Speakers, Totals
from auditor.windows.lateness import LAG_FAULT, LAG_WARNING, RUN, RUN_LOG, TICK_LATE

EXPECTED_FOR: Final = timedelta(minutes=3)
"""A collector is expected for this long after it was last heard of."""
HEARD_LATE: Final = timedelta(seconds=15)
"""The gateway has just begun, or connects again: not yet worth a word."""

Kind = Literal["auditor", "scores", "notices", "collectors"]


class Stale(BaseModel):
    """One reason why the page may be behind."""

    kind: Kind
    level: Literal["warning", "critical"]
    says: str
    advice: str
    since: datetime | None = Field(description="from when on it holds, as far as it is known")


def staleness(
    now: datetime,
    state: Mapping[str, datetime],
    speakers: Speakers,
    totals: Totals,
    notices: Liveness,
) -> list[Stale]:
    """What is behind, the worst first. state: named instants of the auditor."""
    found = [
        *_auditor(now, state, totals),
        *_speakers(now, speakers, totals),
        *_notices(now, notices),
    ]
    return sorted(found, key=lambda each: each.level != "critical")


def _auditor(now: datetime, state: Mapping[str, datetime], totals: Totals) -> Iterator[Stale]:
    last, scored = state.get("last_tick_at"), state.get("scored_until")
    if last is None:
        if totals.collectors or totals.series:
            says = "The auditor has never run on this database: nothing is rolled up or judged."
            yield Stale(kind="auditor", level="critical", says=says, advice=RUN, since=None)
        return
    if now - last > TICK_LATE:
        says = f"The auditor has not ticked for {span(now - last)}; it is due each minute."
        yield Stale(kind="auditor", level="critical", says=says, advice=RUN, since=last)
    elif scored is not None and totals.series and now - scored > LAG_WARNING:
        level: Literal["warning", "critical"] = (
            "critical" if now - scored > LAG_FAULT else "warning"
        )
        says = f"The last minute that was scored ended {span(now - scored)} ago."
        yield Stale(kind="scores", level=level, says=says, advice=RUN_LOG, since=scored)


def _speakers(now: datetime, speakers: Speakers, totals: Totals) -> Iterator[Stale]:
    if not totals.collectors or (speakers.heard and not speakers.silent):
        return
    since = speakers.last_seen_at
    if speakers.heard:
        says = f"{speakers.silent} of {speakers.heard + speakers.silent} collectors fell silent."
        advice = "See whether their processes live; `cache-auditor doctor` names them."
        yield Stale(kind="collectors", level="warning", says=says, advice=advice, since=None)
        return
    if not speakers.silent:  # all of them said goodbye
        ago = "" if since is None else f" The last one was heard of {span(now - since)} ago."
        says = f"No collector is running.{ago}"
        advice = "Start the application, or its collector."
        yield Stale(kind="collectors", level="warning", says=says, advice=advice, since=since)
        return
    ago = "a day" if since is None else span(now - since)
    says = f"No collector has been heard of for {ago}; {speakers.silent} fell silent."
    advice = "See whether the application lives and reaches the database."
    yield Stale(kind="collectors", level="critical", says=says, advice=advice, since=since)


def _notices(now: datetime, notices: Liveness) -> Iterator[Stale]:
    if notices.live or now - notices.since < HEARD_LATE:
        return
    says = f"The gateway hears no notices from the database: {notices.why or 'no reason given'}."
    advice = "It tries again by itself; meanwhile the page looks every few seconds."
    yield Stale(kind="notices", level="warning", says=says, advice=advice, since=notices.since)
