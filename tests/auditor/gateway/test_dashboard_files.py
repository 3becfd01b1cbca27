"""The dashboard's files: all of them there, cached for ever under their edition, and harmless."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Mapping

import httpx
import pytest
from fastapi import FastAPI

from auditor.gateway import static
from auditor.gateway.refusals import Refusal, answer_refusal

MODULES = [name for name in static.pages() if name.endswith(".js")]


def app() -> FastAPI:
    made = FastAPI()
    made.include_router(static.router)
    made.add_exception_handler(Refusal, answer_refusal)
    return made


def ask(path: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app())
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(asked())


@pytest.mark.parametrize(
    "path", ["/", "/observations/4bc1", "/compare", "/caches/a%2Fb/new", "/caches/%3Cimg%3E/new"]
)
def test_each_address_of_a_page_gives_the_page(path: str) -> None:
    """With a policy that lets in no script but the gateway's own, and no inline one."""
    found = ask(path)
    assert found.status_code == 200
    assert found.headers["content-type"] == "text/html; charset=utf-8"
    assert found.headers["cache-control"] == "no-cache"
    policy = found.headers["content-security-policy"]
    scripts = re.search(r"script-src ([^;]+)", policy)
    assert scripts is not None
    assert scripts[1] == "'self'"
    assert "default-src 'none'" in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bon\w+=|style=", found.text)
    assert set(re.findall(r"/static/([^/]+)/", found.text)) == {static.edition()}


def test_what_is_named_by_its_edition_is_kept_for_ever() -> None:
    """And what is not is asked for each time; packed or plain it is the same."""
    named = ask(f"/static/{static.edition()}/app.js")
    assert named.headers["cache-control"] == "public, max-age=31536000, immutable"
    plain = ask("/static/app.js", {"Accept-Encoding": "identity"})
    assert plain.headers["cache-control"] == "no-cache"
    assert "content-encoding" not in plain.headers
    assert named.headers["content-encoding"] == "gzip"
    assert named.text == plain.text == static.pages()["app.js"].content.decode()
    again = ask("/static/app.js", {"If-None-Match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert ask("/static/app.js", method="HEAD").content == b""


def test_plotlys_script_is_that_of_its_wheel() -> None:
    """Packed to less than a third."""
    found = static.plotly()
    assert found.content.startswith(b"/**\n* plotly.js v")
    assert gzip.decompress(found.packed) == found.content
    assert 3 * len(found.packed) < len(found.content)
    assert ask("/static/plotly.min.js").headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "name",
    ["nothing.js", "../app.py", "..%2fapp.py", "0123456789abcdef/app.js", "%00", "", "a/b/app.js",
     "index.html"],
)  # fmt: skip
def test_nothing_else_is_served(name: str) -> None:
    """Neither other files of the machine nor those of another edition."""
    assert ask(f"/static/{name}").status_code == 404


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_what_is_there_and_takes_text_for_text(name: str) -> None:
    """No markup is ever parsed, no code made of text, and nobody else is asked for anything."""
    written = static.pages()[name].content.decode()
    imported = re.findall(r'(?:^import[^;]*?from |\bimport\()"([^"]+)"', written, re.MULTILINE)
    assert {each.removeprefix("./") for each in imported} <= set(static.pages())
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc|\beval\b|"
        r"new Function|setAttribute\(\"on",
        written,
    )
    assert set(re.findall(r"https?://[^\s\"'`]+", written)) <= {"http://www.w3.org/2000/svg"}


def test_every_file_is_used() -> None:
    """By a page, by the style or by another module."""
    pages = {"index.html", "api.html"}
    written = "\n".join(each.content.decode() for each in static.pages().values())
    assert [
        n for n in static.pages() if n not in pages and not re.search(rf"/{n}\b", written)
    ] == []
