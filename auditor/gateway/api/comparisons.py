"""`GET /v1/compare`: two implementations of a cache compared, a few comparisons at a time.

`/v1/compare/progress` is the same as lines of JSON: how far it is, and at the end the answer.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse

from auditor.asking.compared import pairs_of, read_and_compare
from auditor.errors import NothingFound
from auditor.gateway.api.compare_asked import Asked, AskedFor
from auditor.gateway.api.comparison_answers import Answer, said
from auditor.gateway.api.slots import Slots
from auditor.gateway.callers import may_read
from auditor.gateway.gate import Gate, gate_of
from auditor.gateway.refusals import Refusal

router = APIRouter(tags=["compare"], dependencies=[Depends(may_read)])
SLOTS: Final = Slots(2, "comparisons")
SILENCE_S: Final = 60.0
"""A comparison that says nothing for so long is given up by who waits for it."""

Gated = Annotated[Gate, Depends(gate_of)]


class _GivenUp(Exception):
    """Nobody waits for it any more."""


@router.get("/v1/compare")
def compare(gate: Gated, asked: AskedFor) -> Answer:
    """The verdict on a candidate, each difference with its interval, and what it rests on.

    404 where one of the two has no window in the span; 503 while others are being compared.
    """
    with SLOTS.taken():
        return _answer(gate, asked, lambda _minutes: None)


@router.get(
    "/v1/compare/progress",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {"application/x-ndjson": {}},
            "description": '{"minutes", "of"} as it goes on, then {"answer"} or {"error"}',
        }
    },
)
def compare_aloud(gate: Gated, asked: AskedFor) -> StreamingResponse:
    """The same comparison as lines of JSON, with its progress before it."""
    SLOTS.take()
    work = _Work(gate, asked)
    threading.Thread(target=work.run, name="comparison", daemon=True).start()
    return StreamingResponse(work.lines(), media_type="application/x-ndjson")


def _answer(gate: Gate, asked: Asked, progress: Callable[[float], None]) -> Answer:
    with gate.readers.taken() as connection:
        try:
            (pair,) = pairs_of(
                connection,
                asked.baseline.implementation_type,
                asked.candidate.implementation_type,
                cache_name=asked.baseline.cache_name,
                since=asked.since,
                until=asked.until,
            )
            found = read_and_compare(
                connection,
                pair,
                asked.settings,
                since=asked.since,
                until=asked.until,
                progress=progress,
            )
        except NothingFound as nothing:
            raise Refusal(
                404, str(nothing), advice="GET /v1/series lists what there is"
            ) from nothing
    return Answer(
        asked_at=asked.now,
        asked_since=asked.since,
        asked_until=asked.until,
        time_zone=asked.settings.time_zone,
        comparison=said(found),
    )


@dataclass(slots=True)
class _Work:
    """One comparison in a thread of its own, which gives its place back when it is done."""

    gate: Gate
    asked: Asked
    said: queue.SimpleQueue[dict[str, Any]] = field(default_factory=queue.SimpleQueue)
    given_up: threading.Event = field(default_factory=threading.Event)
    read: float = 0.0

    def run(self) -> None:
        """Says how far it is, then the answer, or why there is none."""
        try:
            last = self._outcome()
        finally:
            SLOTS.give_back()
        if last is not None:
            self.said.put(last)

    def _outcome(self) -> dict[str, Any] | None:
        """The last thing to say; None when nobody waits for it."""
        try:
            answer = _answer(self.gate, self.asked, self._progress)
        except _GivenUp:
            return None
        except Refusal as refusal:
            return {"error": {"status": refusal.status, "error": refusal.said, **refusal.more}}
        except Exception:
            self.said.put({"error": {"status": 500, "error": "the comparison failed; see the log"}})
            raise
        return {"answer": answer.model_dump(mode="json")}

    def _progress(self, minutes: float) -> None:
        if self.given_up.is_set():
            raise _GivenUp
        self.read += minutes
        self.said.put({"minutes": self.read, "of": self.asked.minutes})

    def lines(self) -> Iterator[str]:
        """Each thing said, as a line, up to the last."""
        try:
            while True:
                told = self.said.get(timeout=SILENCE_S)
                yield json.dumps(told, allow_nan=False) + "\n"
                if "minutes" not in told:
                    return
        except queue.Empty:
            yield json.dumps({"error": {"status": 503, "error": "it takes too long"}}) + "\n"
        finally:
            self.given_up.set()
