"""The page of the API in a real browser: every operation of the document, and nothing grave."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.auditor.gateway.visiting import PATIENCE_MS, visiting
from tests.auditor.shell.served import serving
from tests.postgres_clusters import Cluster

SIGNING = "/v1/observations/{id_}/acknowledgements"

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def url(cluster: Cluster) -> Iterator[str]:
    with cluster.migrated_database() as database, serving(database.dsn) as running:
        yield running.url


def test_every_operation_is_shown_with_what_it_takes_and_answers(
    url: str, chromium: Browser
) -> None:
    paths = httpx.get(f"{url}/openapi.json", trust_env=False).json()["paths"]
    operations = {f"{method.upper()} {path}" for path, item in paths.items() for method in item}
    with visiting(chromium, url) as visit:
        visit.page.goto("/docs")
        shown = visit.page.locator("details.operation > summary")
        expect(shown).to_have_count(len(operations))
        named = {
            f"{each.locator('.method').inner_text()} {each.locator('.path').inner_text()}"
            for each in shown.all()
        }
        assert named == operations
        signing = visit.page.locator("summary").filter(has_text=f"POST{SIGNING}")
        signing.click()
        told = visit.page.locator("details[open]")
        expect(told).to_contain_text("curl -X POST -H 'Authorization: Bearer TOKEN'")
        expect(told).to_contain_text("201: ")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 375)])
def test_nothing_grave_is_in_the_way(url: str, chromium: Browser, scheme: str, width: int) -> None:
    with visiting(chromium, url, width=width, color_scheme=scheme) as visit:
        visit.page.goto("/docs")
        visit.page.locator("details.operation summary").first.click()
        assert visit.grave() == []
