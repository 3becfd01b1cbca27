"""Django as a site uses it: from its settings, in a process of its own."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from django.core.cache.backends.locmem import LocMemCache

from collector.adapters.django import watched
from tests.collector.adapters.tape import tape_in

SITE = """
import json, sys, warnings
from django.conf import settings
from django.http import HttpResponse
from django.urls import path

BACKENDS = "django.core.cache.backends."
WATCHED = "collector.adapters.django.WatchedCache"
settings.configure(
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF=sys.modules[__name__],
    SECRET_KEY="for the tests alone",
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
    SESSION_CACHE_ALIAS="sessions",
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
    CACHES={
        "default": {
            "BACKEND": WATCHED, "LOCATION": "one", "TIMEOUT": 77, "KEY_PREFIX": "site",
            "VERSION": 4,
            "OPTIONS": {"BACKEND": BACKENDS + "locmem.LocMemCache", "MAX_ENTRIES": 5},
        },
        "extra": {"BACKEND": WATCHED, "OPTIONS": {"BACKEND": BACKENDS + "locmem.LocMemCache"}},
        "sessions": {
            "BACKEND": WATCHED, "LOCATION": "FOLDER",
            "OPTIONS": {"BACKEND": BACKENDS + "filebased.FileBasedCache",
                        "CACHE_NAME": "visitors", "IMPLEMENTATION_TYPE": "new"},
        },
    },
)

import django
django.setup()
from django.core.cache import caches
from django.views.decorators.cache import cache_page
from collector import default

events = []
def recorded():
    made = default.collector._recorder.drain(1000)
    return [[event[2], event[3], event[1], event[4]] for event in made]
default.collector._stopped = True

calls = []
@cache_page(60)
def page(request):
    calls.append(request.path)
    return HttpResponse("a page")

def visit(request):
    request.session["seen"] = request.session.get("seen", 0) + 1
    return HttpResponse(str(request.session["seen"]))

urlpatterns = [path("page", page), path("visit", visit)]
"""


def run(folder: Path, code: str) -> Any:
    site = SITE.replace("FOLDER", str(folder)) + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", site], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_backend_is_the_one_that_is_named(tmp_path: Path) -> None:
    """Made with what the settings say, an instance of its class; checks and threads are content."""
    found = run(
        tmp_path,
        """
        from threading import Thread
        from django.core import checks
        from django.core.cache.backends.filebased import FileBasedCache
        from django.core.cache.backends.locmem import LocMemCache
        one, two = caches["default"], caches["sessions"]
        others = []
        thread = Thread(target=lambda: others.append(caches["default"]))
        thread.start(); thread.join()
        one.set("a", 1)
        caches["extra"].set("b", 2)
        print(json.dumps([
            isinstance(one, LocMemCache), isinstance(two, FileBasedCache), type(one).__name__,
            one.default_timeout, one.key_prefix, one.version, one._max_entries,
            others[0] is not one and others[0].get("a"),
            [str(message) for message in checks.run_checks() if "cache" in str(message).lower()],
            recorded(),
        ]))
        """,
    )
    key = "site:4:a"
    assert found == [
        True, True, "LocMemCache", 77, "site", 4, 5, 1, [],
        [["default", "default", "set", key], ["extra", "default", "set", ":1:b"],
         ["default", "default", "hit", key]],
    ]  # fmt: skip


def test_what_is_missing_in_the_settings_is_said(tmp_path: Path) -> None:
    """In Django's own kind of error, naming what to write."""
    found = run(
        tmp_path,
        """
        from django.core.cache import InvalidCacheBackendError
        settings.CACHES["nameless"] = {"BACKEND": WATCHED}
        settings.CACHES["unknown"] = {"BACKEND": WATCHED, "OPTIONS": {"BACKEND": "no.such.Cache"}}
        said = []
        for alias in ("nameless", "unknown"):
            try:
                caches[alias]
            except InvalidCacheBackendError as error:
                said.append(str(error))
        print(json.dumps(said))
        """,
    )
    assert 'OPTIONS["BACKEND"]' in found[0]
    assert "no.such.Cache" in found[1]


def test_pages_and_sessions_are_recorded_under_their_names(tmp_path: Path) -> None:
    """cache_page and cached sessions through the test client; the site answers as before."""
    found = run(
        tmp_path,
        """
        from django.test import Client
        browser = Client()
        pages = [browser.get("/page").content.decode() for _ in range(3)]
        of_pages = recorded()
        visits = [browser.get("/visit").content.decode() for _ in range(2)]
        print(json.dumps([pages, calls, of_pages, visits, recorded()]))
        """,
    )
    pages, calls, of_pages, visits, of_visits = found
    assert pages == ["a page"] * 3
    assert calls == ["/page"]
    # a page is looked up by its headers first; both are stored by the one load
    assert [kind for _, _, kind, _ in of_pages] == ["miss", "set", "set", *["hit"] * 4]
    assert {name for name, *_ in of_pages} == {"default"}
    assert visits == ["1", "2"]
    assert {tuple(each[:2]) for each in of_visits} == {("visitors", "new")}
    assert {kind for _, _, kind, _ in of_visits} >= {"hit", "set"}


def test_a_method_that_is_made_of_others_leaves_the_telling_to_them(tmp_path: Path) -> None:
    """LocMemCache gets many one by one, each in its own time: nothing went together."""
    with tape_in(tmp_path) as tape:
        cache = watched(LocMemCache("by itself", {}), collector=tape.collector)
        assert cache.set_many({"a": 1, "b": 2}) == []
        assert cache.get_many(["a", "b", "c"]) == {"a": 1, "b": 2}
        rows = tape.rows()
    assert [row.operation_type for row in rows] == ["set", "set", "hit", "hit", "miss"]
    assert {row.metadata for row in rows} == {None}
