"""*Now* and *Observation* in a real browser, over a gateway and a database that are real too."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Literal

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from auditor.gateway.api.board import Board
from auditor.gateway.api.now import read_now
from auditor.gateway.live.messages import Liveness
from auditor.stores.observations import ObservationRow, list_observations
from auditor.stores.tokens import create_token
from tests.auditor.gateway.visiting import PATIENCE_MS, visiting
from tests.auditor.shell.lived import Lived, lived
from tests.auditor.shell.past import CACHE, LEGACY, NEW, learned
from tests.auditor.shell.served import serving
from tests.postgres_clusters import Cluster, Database

SIGNER = "a-token-that-may-acknowledge"
READER = "a-token-that-may-only-read"
TRAP = "<img src=x onerror=alert(1)>"
TRAP_CAUSE = {
    "name": "x", "title": TRAP, "weight": 1, "for": [TRAP], "against": [], "not_measured": [],
}  # fmt: skip
TRAP_WINDOWS = """
    insert into monitoring.cache_metrics_1min (cache_name, implementation_type, minute_window,
        total_operations, hits, misses, hit_rate, completeness)
    select %(trap)s, 'new', minute, 100, 90, 10, 90, 1
    from generate_series(%(minute)s - interval '1 hour', %(minute)s, '1 minute') as minute"""
TRAP_OBSERVATION = """
    insert into monitoring.cache_auditor_observations (cache_name, implementation_type, severity,
        category, title, description, recommendation, metric_name, first_window, metadata)
    values (%(trap)s, 'new', 'info', 'anomaly', %(title)s, %(trap)s, %(trap)s, 'hit_rate',
        %(minute)s, %(metadata)s)"""
NAMED_BY_THE_TRAP = """
async trap => {
    const seen = performance.getEntriesByType("resource").map(each => each.name);
    const { plain } = await import(seen.find(each => each.endsWith("/chart.js")));
    const place = document.createElement("div");
    document.body.append(place);
    const layout = { showlegend: true, title: { text: plain(trap) } };
    await Plotly.newPlot(place, [{ y: [1], name: plain(trap) }], layout);
    return [...place.querySelectorAll(".legendtext, .gtitle")].map(each => each.textContent);
}"""

expect.set_options(timeout=PATIENCE_MS)
pytestmark = pytest.mark.timeout(300)


@dataclass
class Scene:
    """A gateway over a lived database, and the next minute to live. trapped: a cache named TRAP."""

    url: str
    world: Lived
    minute: int = 0

    def live(self, minutes: int, **hit_rate: float) -> None:
        """Minutes go by."""
        self.world.play(range(self.minute, self.minute + minutes), hit_rate=hit_rate)
        self.minute += minutes

    def opened(self) -> list[ObservationRow]:
        """What is open of the lived cache; it is made to be, where no test has done so before."""

        def found() -> list[ObservationRow]:
            return list_observations(self.world.connection, state="open", cache_name=CACHE)

        if not found():
            self.live(4, **{NEW: 0.4})
        return found()

    def trapped(self) -> ObservationRow:
        """What is open of the cache whose name is a trap."""
        return list_observations(self.world.connection, cache_name=TRAP)[0]


@pytest.fixture(scope="module")
def scene(cluster: Cluster) -> Iterator[Scene]:
    """Three ordinary minutes; a trap beside them."""
    with (
        learned(cluster) as database,
        lived(database) as world,
        serving(database.dsn) as running,
    ):
        create_token(world.connection, "ada", SIGNER, ["ack", "read"])
        create_token(world.connection, "guest", READER, ["read"])
        made = Scene(running.url, world)
        made.live(3)
        _lay_trap(made)
        yield made


def _lay_trap(scene: Scene) -> None:
    """A cache and an implementation's siblings with markup for names, and an observation of it."""
    connection, minute = scene.world.connection, scene.world.at(2)
    connection.execute(TRAP_WINDOWS, {"trap": TRAP, "minute": minute})
    connection.execute(
        "insert into monitoring.cache_series values (%s, 'new', '', %s, %s)",
        [TRAP, minute - timedelta(hours=1), minute],
    )
    connection.execute(
        TRAP_OBSERVATION,
        {
            "trap": TRAP,
            "title": f"hit rate of {TRAP}/new",
            "minute": minute,
            "metadata": json.dumps({"rule": TRAP, "causes": [TRAP_CAUSE]}),
        },
    )


@contextmanager
def listening(scene: Scene) -> Iterator[subprocess.Popen[str]]:
    """`observations watch --json` in a terminal; it has said what is open."""
    command = [sys.executable, "-m", "auditor", "--dsn", scene.world.database.dsn, "--json"]
    environment = {name: text for name, text in os.environ.items() if name != "DATABASE_URL"}
    process = subprocess.Popen(
        [*command, "observations", "watch"], stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def tabbed_to(page: Page, selector: str) -> None:
    """Tab, and nothing else, until the focus is there."""
    for _ in range(80):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {selector}")


def test_an_observation_appears_unasked(scene: Scene, chromium: Browser) -> None:
    """The page was there before it, and nobody touches the page."""
    with visiting(chromium, scene.url) as visit:
        page = visit.page
        page.goto("/")
        expect(page.get_by_role("row", name="sessions legacy")).to_contain_text("ordinary")
        problems = page.get_by_role("region", name="Open observations").get_by_role("listitem")
        expect(problems).to_have_count(1)  # the trap
        expect(page.locator("#pulse")).to_have_text("live")
        scene.live(4, **{NEW: 0.4})
        (row,) = scene.opened()
        expect(page.get_by_role("link", name=row.title)).to_be_visible()
        expect(problems).to_have_count(2)
        expect(problems.first).to_contain_text(row.severity)
        # its first minute, on the clock of the reader's own zone
        when = (row.first_window + timedelta(hours=5, minutes=45)).strftime("%H:%M")
        expect(problems.first.locator("time").first).to_contain_text(when)
        expect(page.get_by_role("row", name="sessions new")).to_contain_text(row.severity)


def test_what_comes_takes_nobody_off_where_he_is(scene: Scene, chromium: Browser) -> None:
    """The focus stays on a link whose row is made anew."""
    (row,) = scene.opened()
    with visiting(chromium, scene.url) as visit:
        page = visit.page
        page.goto("/")
        state = page.get_by_role("row", name="sessions new").get_by_role("link", name="what is")
        state.focus()
        before = page.get_by_role("row", name="sessions new").inner_text()
        scene.live(1, **{NEW: 0.4})
        expect(page.get_by_role("row", name="sessions new")).not_to_have_text(before)
        expect(page.get_by_role("row", name="sessions new")).to_have_class(re.compile("fresh"))
        expect(state).to_be_focused()
        assert scene.opened()[0].id == row.id


def test_off_loopback_reading_asks_for_a_token(scene: Scene, chromium: Browser) -> None:
    """And shows the page once it has one that may read."""
    with serving(scene.world.database.dsn, "--host", "0.0.0.0") as running:
        url = running.url.replace("0.0.0.0", "127.0.0.1")
        with visiting(chromium, url) as visit:
            visit.expected = ("status of 401",)
            page = visit.page
            page.goto("/")
            page.get_by_role("button", name="Enter a token").click()
            page.get_by_role("dialog").get_by_label("Token", exact=True).fill(READER)
            page.keyboard.press("Enter")
            expect(page.get_by_role("row", name="sessions legacy")).to_be_visible()
            expect(page.locator("#pulse")).to_have_text("live")


def test_the_page_says_that_it_is_stale_and_why(scene: Scene, chromium: Browser) -> None:
    """The story's auditor last ticked on a day in March."""
    with visiting(chromium, scene.url) as visit:
        visit.page.goto("/")
        banner = visit.page.locator(".banner")
        expect(banner).to_contain_text("The auditor has not ticked for")
        expect(banner).to_contain_text("cache-auditor run")


def test_without_a_gateway_the_page_says_so_and_keeps_what_it_knew(
    scene: Scene, chromium: Browser
) -> None:
    """The figures stay; the banner says of when they are."""
    with visiting(chromium, scene.url) as visit:
        visit.expected = ("Failed to load resource",)
        page = visit.page
        page.goto("/")
        expect(page.get_by_role("row", name="sessions legacy")).to_be_visible()
        page.route("**/v1/**", lambda route: route.abort())
        page.evaluate("document.dispatchEvent(new CustomEvent('token'))")  # ends the stream
        expect(page.locator(".banner")).to_contain_text("The gateway does not answer.")
        expect(page.locator(".banner")).to_contain_text("Shown is what was known at")
        expect(page.get_by_role("row", name="sessions legacy")).to_contain_text("/min")


def test_markup_in_a_name_stays_text(scene: Scene, chromium: Browser) -> None:
    """On both pages, in the chart and in the tab's title."""
    row = scene.trapped()
    with visiting(chromium, scene.url) as visit:
        page = visit.page
        page.goto("/")
        expect(page.get_by_role("row", name=TRAP)).to_contain_text(TRAP)
        expect(page.get_by_role("link", name=TRAP).first).to_be_visible()
        page.goto(f"/observations/{row.id}")
        page.locator(".chart[data-drawn]").wait_for()
        expect(page.get_by_role("heading", level=1)).to_contain_text(TRAP)
        expect(page.get_by_role("heading", level=3)).to_contain_text(TRAP)
        assert TRAP in page.title()
        assert page.locator("img").count() == 1  # the brand's own
        assert page.locator("[onerror]").count() == 0
        named = f"{TRAP}<b>b</b>&lt;<a href='javascript:alert(1)'>a</a>"
        assert page.evaluate(NAMED_BY_THE_TRAP, named) == [named, named]


def test_acknowledging_needs_a_token_that_may(scene: Scene, chromium: Browser) -> None:
    """Without one it is asked for; one that may only read is refused, and nothing is signed."""
    (row,) = scene.opened()
    with visiting(chromium, scene.url) as visit:
        visit.expected = ("status of 403", "status of 401")
        page = visit.page
        page.goto(f"/observations/{row.id}")
        page.get_by_role("radio", name="false-alarm").check()
        page.get_by_role("button", name="Acknowledge").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("scope ack")
        dialog.get_by_role("button", name="Cancel").click()
        expect(dialog).to_have_count(0)
        page.get_by_role("button", name="Acknowledge").click()
        dialog.get_by_label("Token", exact=True).fill(READER)
        dialog.get_by_role("button", name="Use it").click()
        expect(page.get_by_role("alert")).to_contain_text("guest may not acknowledge")
    assert not scene.opened()[0].acknowledged


def test_the_keyboard_alone_acknowledges_and_a_terminal_hears_of_it(
    scene: Scene, chromium: Browser
) -> None:
    """From the address to the signature without a mouse; the token stays in its tab."""
    (row,) = scene.opened()
    with visiting(chromium, scene.url) as visit, listening(scene) as terminal:
        assert terminal.stdout is not None
        said = {json.loads(terminal.stdout.readline())["kind"] for _ in range(2)}
        assert said == {"open"}
        page, keys = visit.page, visit.page.keyboard
        page.goto("/")
        page.get_by_role("link", name=row.title).wait_for()
        tabbed_to(page, f"a[href='/observations/{row.id}']")
        keys.press("Enter")
        page.get_by_role("heading", level=1, name=row.title).wait_for()
        tabbed_to(page, "input[name=reason]")
        keys.press("Space")
        for _ in range(2):
            keys.press("ArrowDown")
        expect(page.get_by_role("radio", name="false-alarm")).to_be_checked()
        expect(page.locator(".preview")).to_contain_text("Its windows are learned as ordinary.")
        expect(page.locator(".preview")).to_contain_text("Of the ")
        tabbed_to(page, "#note")
        keys.type("a <b>test</b>")
        tabbed_to(page, "button[type=submit]")
        keys.press("Enter")
        page.get_by_role("dialog").wait_for()
        keys.type(SIGNER)
        keys.press("Enter")
        signed = page.get_by_role("region", name="Acknowledgement")
        expect(signed).to_contain_text("false-alarm by ada")
        expect(signed).to_contain_text("a <b>test</b>")
        expect(page.get_by_role("region", name="What happened")).to_contain_text("by ada")
        heard = json.loads(terminal.stdout.readline())
        assert (heard["kind"], heard["by"], heard["note"]) == (
            "acknowledged",
            "ada",
            "a <b>test</b>",
        )
        assert heard["observation_id"] == str(row.id)
        stored = page.evaluate("[sessionStorage.length, Object.values(localStorage).join()]")
        assert stored[0] == 1
        assert SIGNER not in stored[1]


def test_an_observation_tells_all_that_explains_it(scene: Scene, chromium: Browser) -> None:
    """What, since when, cost, chart and its table, detectors, causes, what to do, history."""
    (row,) = scene.opened()
    with visiting(chromium, scene.url) as visit:
        page = visit.page
        page.goto(f"/observations/{row.short_id}")
        page.locator(".chart[data-drawn]").wait_for()
        assert row.recommendation is not None
        expect(page.get_by_role("region", name="What to do")).to_contain_text(row.recommendation)
        expect(page.locator(".facts")).to_contain_text("extra loads")
        expect(page.get_by_role("region", name="Likely causes")).to_contain_text("Not measured")
        parts = page.get_by_role("region", name="What each detector said")
        expect(parts.get_by_role("row", name="ratio_tail hit rate").first).to_be_visible()
        expect(page.get_by_role("region", name="What happened")).to_contain_text("Opened as")
        chart = page.get_by_role("region", name="Expected and actual")
        chart.get_by_text("Each minute as a table").click()
        assert chart.locator("tbody tr").count() > 100
        expect(chart.get_by_role("listitem").filter(has_text=LEGACY)).to_be_visible()
        chart.get_by_label("Metric").select_option("traffic")
        expect(chart.locator(".chart")).to_have_attribute(
            "aria-label", re.compile("^traffic by the minute")
        )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_grave_is_in_the_way_of_anybody(
    scene: Scene, chromium: Browser, scheme: Literal["light", "dark"]
) -> None:
    """axe, on both pages with a form and a chart, on a phone and on a wall; nothing hangs over."""
    row = scene.trapped()
    with visiting(chromium, scene.url, color_scheme=scheme) as visit:
        page = visit.page
        for path, there in (("/", ".states tbody tr"), (f"/observations/{row.id}", "[data-drawn]")):
            page.goto(path)
            page.locator(there).first.wait_for()
            for width in (375, 1920):
                page.set_viewport_size({"width": width, "height": 900})
                assert visit.grave() == []
                assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_role("button", name="Token").click()
        assert visit.grave() == []


def test_empty_states_teach(scene: Scene, chromium: Browser, database: Database) -> None:
    """A database of nothing: the collector's two lines; with a collector: what is waited for."""
    now, connection = datetime.now(UTC), database.connect()
    nobody = read_now(connection, Board(), Liveness(True, now), now)
    connection.execute(
        "select monitoring.collector_heartbeat(%s, null)", ["00000000-0000-4000-8000-000000000001"]
    )
    waiting = read_now(connection, Board(), Liveness(True, now), now)
    with visiting(chromium, scene.url) as visit:
        page = visit.page
        for reply, said in (
            (nobody, "from collector import record"),
            (waiting, "done: a collector"),
        ):
            body = reply.model_dump_json()
            page.route("**/v1/now", partial(Route.fulfill, body=body))
            page.goto("/")
            expect(page.get_by_role("main")).to_contain_text(said)
            assert visit.grave() == []
            page.unroute("**/v1/now")


def test_the_theme_is_the_readers_choice(scene: Scene, chromium: Browser) -> None:
    """Chosen once, kept over a reload; the chart is drawn in it."""
    with visiting(chromium, scene.url, color_scheme="light") as visit:
        page = visit.page
        page.goto("/")
        page.get_by_role("button", name="Theme: system").click()
        page.get_by_role("button", name="Theme: light").click()
        page.reload()
        expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == "rgb(16, 18, 20)"


def test_an_address_of_nothing_says_so(scene: Scene, chromium: Browser) -> None:
    """An observation that is not there, as the gateway says it."""
    with visiting(chromium, scene.url) as visit:
        visit.expected = ("status of 404",)
        visit.page.goto("/observations/00000000")
        expect(visit.page.get_by_role("main")).to_contain_text("no observation's id begins with")


def test_what_is_asked_wrongly_is_refused_in_words(scene: Scene) -> None:
    """Each with its status, and never more than a sentence; nothing is signed by any of it."""
    row = scene.trapped()
    path, bearer = f"/v1/observations/{row.id}", {"Authorization": f"Bearer {SIGNER}"}
    with httpx.Client(base_url=scene.url, trust_env=False, timeout=60) as client:
        assert client.get("/v1/observations/zzzz").status_code == 422
        assert client.get("/v1/observations/00000000").status_code == 404
        assert client.get(f"{path}/course", params={"metric": "colour"}).status_code == 422
        assert client.get("/v1/observations", params={"cache": "a\x00"}).status_code == 422
        assert client.get("/v1/observations", params={"limit": 501}).status_code == 422
        preview = f"{path}/acknowledgements/preview"
        assert client.get(preview, params={"reason": "tired"}).status_code == 422
        asked = {"reason": "fixed", "expires": "2h"}
        assert "fixed silences nothing" in client.get(preview, params=asked).json()["error"]
        signing = f"{path}/acknowledgements"
        assert client.post(signing, json={"reason": "fixed"}).status_code == 401
        for body in ({}, {"reason": "fixed", "note": "\x00"}, {"reason": "fixed", "by": "eve"}):
            assert client.post(signing, json=body, headers=bearer).status_code == 422
        gone = "/v1/observations/00000000-0000-4000-8000-000000000000/acknowledgements"
        assert client.post(gone, json={"reason": "fixed"}, headers=bearer).status_code == 404
        assert not scene.trapped().acknowledged
        done = client.post(signing, json={"reason": "fixed", "note": "ü"}, headers=bearer)
        assert (done.status_code, done.json()["observation_id"]) == (201, str(row.id))
        again = client.post(signing, json={"reason": "expected"}, headers=bearer)
        assert again.status_code == 409
        assert "already acknowledged by ada" in again.json()["error"]
        assert client.get("/v1/observations").headers["cache-control"] == "no-store"
