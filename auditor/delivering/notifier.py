"""Who tells: each step brings what changed into the outbox, claims what is due, and sends it.

Sending is done by a thread for each target, so that a slow one holds up neither the others nor the
step; at most one is at work for a target. Killed between sending and noting it, a message is sent
again when its claim has run out: at least once.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Final
from uuid import uuid4

from psycopg import Connection

from auditor.delivering import outbox
from auditor.delivering.outbox import Due
from auditor.delivering.targets import Target
from auditor.notifying.backoff import is_given_up, pause
from auditor.notifying.news import News, Problem, Told, held_until, known, news
from auditor.notifying.wording import Message, Place, bundle, word

logger = logging.getLogger("auditor")

MOST_APART: Final = 5
"""More than these that wait for one target go as one message, a line each."""
STEP_S: Final = 0.8
ENDS_WITHIN_S: Final = 10.0
BURIED_EVERY: Final = 300
"""Steps between two looks for what waits for targets that are gone."""


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the outbox, what is to be told, and how the problem is."""

    due: Due
    kind: News
    problem: Problem


@dataclass(frozen=True, slots=True)
class Letter:
    """One message, and the lines of the outbox that it settles."""

    message: Message
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """reason: '' when it was taken, None when it was not tried, because one before it failed.

    last: nothing more comes of this target.
    """

    target: Target
    letter: Letter
    reason: str | None
    last: bool


class Notifier:
    """For one thread. draw: from [0, 1), for the pauses."""

    def __init__(
        self,
        targets: Sequence[Target],
        place: Place,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._targets = {(each.route.name, each.key): each for each in targets}
        self._place, self._draw = place, draw
        self._outcomes: SimpleQueue[Outcome] = SimpleQueue()
        self._at_work: set[str] = set()
        self._steps = 0

    def step(self, connection: Connection, now: datetime) -> int:
        """Looks once, and waits a moment for what it sends; how many lines it took on."""
        if self._steps % BURIED_EVERY == 0:
            outbox.begin(connection)
            outbox.bury(connection, list(self._targets), now)
        self._steps += 1
        self._note_outcomes(connection, now, 0)
        if outbox.is_behind(connection):
            routes = [(each.route, each.key) for each in self._targets.values()]
            if missed := outbox.fill(connection, routes, now):
                logger.warning("%d changes were trimmed before they could be told", missed)
        free = [which for which, each in self._targets.items() if each.label not in self._at_work]
        found = outbox.claim(connection, free, uuid4(), now) if free else []
        for target, items in self._decided(connection, found, now):
            self._send(target, letters(items, now, self._place))
        self._note_outcomes(connection, now, STEP_S)
        return len(found)

    def work_off(
        self, connection: Connection, clock: Callable[[], datetime], within: timedelta
    ) -> int:
        """Steps until nothing is due and nothing is being sent, or the time is up; how many lines
        of the outbox it took on."""
        begun, taken = time.monotonic(), 0
        while time.monotonic() - begun < within.total_seconds():
            was_at_work = bool(self._at_work)
            found = self.step(connection, clock())
            taken += found
            if not (found or was_at_work or self._at_work):
                break
        return taken

    def end(self, connection: Connection, now: datetime) -> None:
        """Waits a while for what is being sent, and notes what came of it."""
        self._note_outcomes(connection, now, ENDS_WITHIN_S)

    def _decided(
        self, connection: Connection, found: Sequence[Due], now: datetime
    ) -> Iterator[tuple[Target, list[Item]]]:
        """By target what is to be sent; what is not to be, or not now, is noted."""
        problems = outbox.read_problems(connection, (due.observation_id for due in found))
        sent: dict[tuple[str, str], list[Item]] = {}
        for due in found:
            route, problem = self._targets[due.route, due.target].route, problems.get(
                due.observation_id)  # fmt: skip
            if problem is None:  # somebody deleted it
                outbox.settle(connection, due, due.known, now, sent=False)
            elif (kind := news(route, due.known, problem)) is None:
                after = known(route, due.known, problem)
                outbox.settle(connection, due, after, now, sent=False)
            elif until := held_until(route, problem.severity, now):
                outbox.postpone(connection, due, until, now, because="quiet hours")
            else:
                sent.setdefault((due.route, due.target), []).append(Item(due, kind, problem))
        for which, items in sent.items():
            yield self._targets[which], items

    def _send(self, target: Target, posted: Sequence[Letter]) -> None:
        def work() -> None:
            failed = False
            for number, letter in enumerate(posted, start=1):
                reason = None if failed else target.sender.send(letter.message)
                failed = failed or bool(reason)
                self._outcomes.put(Outcome(target, letter, reason, number == len(posted)))

        self._at_work.add(target.label)
        # a daemon's thread: one that hangs does not keep the process from ending
        threading.Thread(target=work, name=f"notify {target.label}", daemon=True).start()

    def _note_outcomes(self, connection: Connection, now: datetime, within_s: float) -> None:
        """Those that are there, and those that come in time while something is being sent."""
        deadline = time.monotonic() + within_s
        while True:
            left_s = deadline - time.monotonic() if self._at_work else 0.0
            try:
                outcome = self._outcomes.get(timeout=max(left_s, 0.001))
            except Empty:
                return
            if outcome.last:
                self._at_work.discard(outcome.target.label)
            self._note(connection, outcome, now)

    def _note(self, connection: Connection, outcome: Outcome, now: datetime) -> None:
        if outcome.reason == "":
            for item in outcome.letter.items:
                told = Told(item.problem.standing, item.problem.severity)
                outbox.settle(connection, item.due, told, now, sent=True)
            return
        until = now + pause(
            max(each.due.attempts for each in outcome.letter.items) + 1, self._draw()
        )
        if outcome.reason:
            logger.warning("notify %s: %s", outcome.target.label, outcome.reason)
        for item in outcome.letter.items:
            self._put_off(connection, item.due, outcome, until, now)

    def _put_off(
        self, connection: Connection, due: Due, outcome: Outcome, until: datetime, now: datetime
    ) -> None:
        since = due.failing_since or now
        given_up = bool(outcome.reason) and is_given_up(since, now)
        if given_up:
            logger.error("notify %s: given up, see `notify list`", outcome.target.label)
        outbox.postpone(
            connection, due, None if given_up else until, now,
            attempts=due.attempts + (1 if outcome.reason else 0),
            failing_since=since if outcome.reason else due.failing_since,
            because=outcome.reason or "waits behind one that failed",
        )  # fmt: skip


def letters(items: Sequence[Item], now: datetime, place: Place) -> list[Letter]:
    """A message a problem; of those that came and went, and of a crowd, one for all of them."""
    if len(items) > MOST_APART:
        together, apart = list(items), []
    else:
        together = [item for item in items if item.kind == "over"]
        apart = [item for item in items if item.kind != "over"]
    found = [
        Letter(word(item.kind, item.problem, now, place), (item,)) for item in apart
    ]  # fmt: skip
    if together:
        message = bundle([(item.kind, item.problem) for item in together], now, place)
        found.append(Letter(message, tuple(together)))
    return found
