"""*Cache* and *Compare* in a real browser, over a gateway and a database that are real too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Literal
from urllib.parse import quote, urlencode

import numpy as np
import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from auditor.windows.minutes import epoch_minute, floor_minute, from_epoch_minute
from baselines.fit import fit
from baselines.series import SeriesKey, Windows
from baselines.store import write_baselines
from benchmarks.pairs import CACHE, Kind, make_pair
from tests.auditor.gateway.visiting import PATIENCE_MS, Visit, visiting
from tests.auditor.shell.served import serving
from tests.auditor.shell.two_implementations import write_histograms, write_windows
from tests.postgres_clusters import Cluster

TRAP = '<img src=x onerror="document.title=1">'
POLLED = "redis 1"
PAGE = f"/caches/{CACHE}/new"
GAP = slice(-300, -210)
"""Minutes before the pair's end of which nothing was heard."""
WIDTHS = (375, 1920)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
DRAWN = """() => document.querySelectorAll(".waiting, .progress").length === 0
    && document.querySelector(".chart[data-drawn]") !== null
    && [...document.querySelectorAll(".chart")].every(
        each => each.dataset.drawn || each.closest("[hidden]"))"""

expect.set_options(timeout=PATIENCE_MS)
pytestmark = pytest.mark.timeout(300)


@dataclass
class Scene:
    """A gateway over days of a pair, of which the candidate is four points better.

    until: its end. missing: minutes without a window of the candidate, of the day before it.
    """

    url: str
    until: datetime
    missing: int


@pytest.fixture(scope="module")
def scene(cluster: Cluster) -> Iterator[Scene]:
    until = floor_minute(datetime.now(UTC))
    pair = make_pair(21, Kind(points=4.0, gets=400.0, mirrored=True, days=1))
    times = pair.response_times
    assert times is not None
    later = (epoch_minute(until) - pair.windows.end) // 60 * 60
    columns = {name: each.copy() for name, each in pair.windows.columns.items()}
    for each in columns.values():
        each[GAP] = np.nan
    windows = Windows(pair.windows.start + later, pair.windows.keys, columns)
    with cluster.migrated_database() as database:
        connection = database.connect()
        write_windows(connection, windows)
        write_histograms(connection, windows, replace(times, start=times.start + later))
        trapped = tuple(SeriesKey(TRAP, name) for name in ("legacy", "new"))
        six = windows.between(windows.end - 360, windows.end)
        write_windows(connection, Windows(six.start, trapped, six.columns))
        plant_gauges(connection, until)
        observe(connection, from_epoch_minute(windows.end))
        learned = fit(windows, windows.keys[1], time_zone="Europe/Berlin")
        write_baselines(connection, [learned], {})
        with serving(database.dsn) as served:
            missing = int((~windows.present()[-1440:, 1]).sum())
            yield Scene(served.url, from_epoch_minute(windows.end), missing)


def plant_gauges(connection: psycopg.Connection, until: datetime) -> None:
    """A polled server: no times, and memory up to three quarters of its limit."""
    connection.execute(
        "insert into monitoring.cache_metrics_1min (cache_name, implementation_type,"
        " minute_window, total_operations, hits, misses, avg_cache_size, avg_memory_bytes,"
        " memory_limit_bytes, avg_clients, polled)"
        " select %s, 'redis', minute, 100, 90, 10, 5000, 1610612736, 2147483648, 12, 1"
        " from generate_series(%s - interval '3 hours', %s, '1 minute') as minute",
        [POLLED, until, until],
    )
    connection.execute(
        "insert into monitoring.cache_series values (%s, 'redis', '', %s, %s)",
        [POLLED, until - timedelta(hours=3), until],
    )


def observe(connection: psycopg.Connection, end: datetime) -> None:
    """An observation of the pair, and one whose title is a trap."""
    for cache, title in ((CACHE, "hit rate of sessions/new fell"), (TRAP, TRAP)):
        connection.execute(
            "insert into monitoring.cache_auditor_observations (cache_name, implementation_type,"
            " severity, category, title, description, first_window)"
            " values (%s, 'new', 'warning', 'anomaly', %s, '', %s)",
            [cache, title, end - timedelta(hours=2)],
        )


def drawn(visit: Visit, path: str) -> Page:
    """A page with all of its charts."""
    visit.page.goto(path)
    visit.page.wait_for_function(DRAWN)
    return visit.page


def plotted(page: Page, title: str) -> list[list[float | None]]:
    """The figures of each line of a chart, by the title of its section, as plotly has them."""
    found: list[list[float | None]] = page.locator(
        f'section[aria-label="{title}"] .chart'
    ).evaluate("chart => chart.data.map(trace => Array.from(trace.y ?? []))")
    return found


def test_a_cache_is_shown_with_its_figures_and_gaps(scene: Scene, chromium: Browser) -> None:
    """The headline figures, the hole as a hole, the observation as a link, the week's band."""
    with visiting(chromium, scene.url) as visit:
        page = drawn(visit, f"{PAGE}?span=24h&until={scene.until:%Y-%m-%dT%H:%M:%SZ}")
        expect(page.get_by_role("heading", level=1)).to_contain_text("sessions · new")
        facts = page.locator("dl.facts")
        expect(facts).to_contain_text(f"1 h {scene.missing - 60} min without a window")
        # band below, band above, …, expected, the rate itself, and the marks
        *_, expected, rate, marks = plotted(page, "Hit rate")
        assert len(rate) == len(expected) == 1440
        assert sum(each is None for each in rate) == scene.missing
        assert rate[GAP] == [None] * 90
        assert marks == [1]
        expect(page.get_by_role("link", name="hit rate of sessions/new fell")).to_be_visible()
        expect(page.get_by_text("Hours are those of Europe/Berlin")).to_be_visible()
        # the figures behind the picture, for who cannot see it
        first = page.locator('section[aria-label="Hit rate"] details')
        first.locator("summary").click()
        expect(first.locator("tbody tr")).to_have_count(1440)


def test_another_span_is_another_address(scene: Scene, chromium: Browser) -> None:
    """A click on 7 days: other points, an address to send, and back again by the browser."""
    with visiting(chromium, scene.url) as visit:
        page = drawn(visit, PAGE)
        page.get_by_role("link", name="7 days").click()
        page.wait_for_url(re.compile(r"span=7d"))
        page.wait_for_function(DRAWN)
        assert len(plotted(page, "Traffic")[-2]) == 1008
        expect(page.locator('.spans a[aria-current="true"]')).to_have_text("7 days")
        page.go_back()
        expect(page.locator('.spans a[aria-current="true"]')).to_have_text("24 hours")


def test_a_verdict_with_its_reasons(scene: Scene, chromium: Browser) -> None:
    """Both sides, the differences in words, what it rests on; another pair by the keyboard."""
    asked = urlencode({"cache_name": CACHE, "baseline": "legacy", "candidate": "new", "days": "3"})
    with visiting(chromium, scene.url) as visit:
        page = drawn(visit, f"/compare?{asked}")
        expect(page.locator(".verdict")).to_contain_text("new is better than legacy: hit rate +")
        row = page.get_by_role("row", name=re.compile("^hit rate"))
        expect(row).to_contain_text("better")
        expect(page.get_by_text("mirrored, both see the same gets")).to_be_visible()
        assert [len(line) > 100 for line in plotted(page, "Hit rate")] == [True, True]
        page.get_by_label("Baseline, which is there").focus()
        page.keyboard.press("ArrowDown")
        page.wait_for_url(re.compile("baseline=new&candidate=legacy"))
        expect(page.locator(".verdict")).to_contain_text("legacy is worse than new")


def test_too_little_evidence_says_how_much_more(scene: Scene, chromium: Browser) -> None:
    """Six hours of a cache whose name is a trap: words, not a guess; the name stays text."""
    with visiting(chromium, scene.url) as visit:
        page = drawn(visit, f"/compare?{urlencode({'cache_name': TRAP, 'days': '1'})}")
        expect(page.locator(".verdict")).to_contain_text("Not enough evidence, about")
        expect(page.get_by_label("Cache", exact=True)).to_have_value(TRAP)
        assert page.locator("main img").count() == 0


def test_a_name_that_is_markup_stays_text(scene: Scene, chromium: Browser) -> None:
    """In the heading, the list, and what hovers over a chart."""
    with visiting(chromium, scene.url) as visit:
        page = drawn(visit, f"/caches/{quote(TRAP, safe='')}/new")
        expect(page.get_by_role("heading", level=1)).to_contain_text(TRAP)
        expect(page.get_by_role("link", name=TRAP)).to_be_visible()
        hovered = page.locator('section[aria-label="Traffic"] .chart').evaluate(
            "chart => chart.data.flatMap(trace => trace.text ?? [])"
            ".filter(text => text.includes('onerror'))"
        )
        assert len(hovered) == 1
        assert "<img" not in hovered[0]
        assert "&lt;img" in hovered[0]
        assert page.locator("main img").count() == 0
        assert page.title().startswith(TRAP)


def test_what_is_not_known_is_taught(scene: Scene, chromium: Browser) -> None:
    """A polled server has levels and no times; a span without a window leads to the last one."""
    polled = f"/caches/{quote(POLLED)}/redis"
    with visiting(chromium, scene.url) as visit:
        page = drawn(visit, polled)
        expect(page.get_by_text("No response time is known")).to_be_visible()
        expect(page.locator("dl.facts")).to_contain_text("1.50 GiB75.0 % of the limit")
        assert plotted(page, "Fill")[0][-5] == 75.0
        visit.page.goto(f"{polled}?until=2020-01-01T00:00:00Z")
        expect(page.get_by_text("Nothing was heard in this span")).to_be_visible()
        page.get_by_role("link", name="Show the time up to then").click()
        expect(page.get_by_text("No response time is known")).to_be_visible()


def test_what_is_not_there_is_said(scene: Scene, chromium: Browser) -> None:
    with visiting(chromium, scene.url) as visit:
        visit.expected = ("404",)
        visit.page.goto("/caches/nothing/new")
        expect(visit.page.get_by_text("no window was ever seen of cache 'nothing'")).to_be_visible()


@pytest.mark.parametrize(
    "path", [PAGE, f"/compare?cache_name={CACHE}&days=3"], ids=["cache", "compare"]
)
def test_axe_finds_nothing_grave(scene: Scene, chromium: Browser, path: str) -> None:
    """Light and dark, on a telephone and on a wall; nothing is wider than the screen."""
    with visiting(chromium, scene.url) as visit:
        page = drawn(visit, path)
        for width, scheme in product(WIDTHS, SCHEMES):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            page.wait_for_function(DRAWN)
            assert visit.grave() == [], (width, scheme)
            wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, (width, scheme)
