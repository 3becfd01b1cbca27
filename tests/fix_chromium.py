"""A real headless Chromium for the tests of pages: one a module.

chromium     a browser; each test opens contexts of its own
"""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

# without a sandbox, as root in a container; no word to anybody on the way up
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
)  # fmt: skip


def program() -> str:
    """The browser; the test is skipped where it is not installed."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("Chromium is not installed; `make system-packages` installs it")
    return found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    executable = program()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        yield browser
        browser.close()
