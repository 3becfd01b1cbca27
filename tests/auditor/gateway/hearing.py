"""A client of GET /v1/events: reads the stream line by line, as a browser would."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlencode

from tests.auditor.shell.served import port_of

PATIENCE_S = 60.0


@dataclass
class Event:
    """id: '' when it has none."""

    name: str
    id: str
    content: Any


class Hearing:
    """A stream that is open. last_id: of the last event that had one; comments: how many came."""

    def __init__(self, response: HTTPResponse) -> None:
        self.response, self.last_id, self.comments, self.retry_ms = response, "", 0, 0

    def next(self, name: str = "") -> Event | None:
        """The next event, or the next of that name; None when the stream has ended."""
        fields: dict[str, str] = {}
        while line := self.response.readline():
            text = line.decode().rstrip("\n")
            key, _, value = text.partition(": ")
            if text == "" and "data" in fields:
                event = Event(fields["event"], fields.get("id", ""), json.loads(fields["data"]))
                self.last_id = event.id or self.last_id
                fields = {}
                if name in ("", event.name):
                    return event
            elif text == "":
                fields = {}
            elif key == "":
                self.comments += 1
            elif key == "retry":
                self.retry_ms = int(value)
            else:
                fields[key] = value
        return None

    def titles(self, count: int) -> list[str]:
        """Of the next observations."""
        found = (self.next("observation") for _ in range(count))
        return [event.content["observation"]["title"] for event in found if event is not None]


@contextmanager
def hearing(
    url: str, last_id: str = "", headers: Mapping[str, str] = {}, **query: object
) -> Iterator[Hearing]:
    """A stream, after its first event; goes on after an event with last_id."""
    connection = HTTPConnection("127.0.0.1", port_of(url), timeout=PATIENCE_S)
    sent = {**headers, **({"Last-Event-ID": last_id} if last_id else {})}
    try:
        connection.request("GET", f"/v1/events?{urlencode(query)}", headers=sent)
        response = connection.getresponse()
        assert response.status == 200, response.read()
        yield Hearing(response)
    finally:
        connection.close()


def refused(url: str, last_id: str = "", **query: object) -> tuple[int, str]:
    """The status, and what is said."""
    connection = HTTPConnection("127.0.0.1", port_of(url), timeout=PATIENCE_S)
    try:
        headers = {"Last-Event-ID": last_id} if last_id else {}
        connection.request("GET", f"/v1/events?{urlencode(query)}", headers=headers)
        response = connection.getresponse()
        assert response.status >= 400
        return response.status, json.loads(response.read())["error"]
    finally:
        connection.close()
