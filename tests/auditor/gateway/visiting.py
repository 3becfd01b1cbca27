"""A visitor of the dashboard: a browser's context that notes what it asks for and complains of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page

PATIENCE_MS = 30_000.0


@dataclass
class Visit:
    """One page. asked: the hosts that it asked. complaints: errors of its console and its scripts.

    expected: parts of complaints that the test means to cause.
    """

    page: Page
    asked: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()

    def grave(self) -> list[str]:
        """What axe finds that is serious or critical: rule and place."""
        found: dict[str, Any] = Axe().run(self.page).response
        return [
            f"{each['id']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"]
        ]


@contextmanager
def visiting(browser: Browser, url: str, *, width: int = 1280, **how: Any) -> Iterator[Visit]:
    """A visit in a time zone that is not UTC.

    Fails at its end when another host was asked, or when something complained.
    """
    context = browser.new_context(
        base_url=url, viewport={"width": width, "height": 900}, timezone_id="Asia/Kathmandu",
        locale="en-GB", reduced_motion="reduce", **how,
    )  # fmt: skip
    context.set_default_timeout(PATIENCE_MS)
    visit = Visit(context.new_page())

    def complain(message: ConsoleMessage) -> None:
        if message.type == "error":
            visit.complaints.append(f"{message.text} {message.location.get('url', '')}")

    visit.page.on("console", complain)
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    visit.page.on("dialog", lambda dialog: visit.complaints.append(f"dialog {dialog.message}"))
    visit.page.on("request", lambda request: visit.asked.add(urlsplit(request.url).netloc))
    try:
        yield visit
    finally:
        context.close()
    assert visit.asked <= {urlsplit(url).netloc}
    meant = [each for each in visit.complaints if any(part in each for part in visit.expected)]
    assert [each for each in visit.complaints if each not in meant] == []
