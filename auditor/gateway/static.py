"""The dashboard's files: HTML, styles and modules out of this package, plotly's script out of its
wheel. Nothing comes from anywhere else, and the page's policy says so to the browser."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask

from auditor.gateway.refusals import Refusal

router = APIRouter(include_in_schema=False)

FOLDER: Final = Path(__file__).with_name("pages")
PLOTLY: Final = "plotly.min.js"
PAGES: Final = ("/", "/observations/{id}", "/compare", "/caches/{rest:path}")
"""Addresses that a browser may be sent to; the page's own router reads them."""
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
LONG: Final = "public, max-age=31536000, immutable"
# plotly writes style attributes and a style sheet of its own; scripts come as files or not at all
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
GUARDED: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@dataclass(frozen=True)
class Asset:
    """One file. content: as it is; packed: by gzip, made when first asked for."""

    name: str
    content: bytes

    @property
    def media_type(self) -> str:
        """By its ending."""
        return TYPES[Path(self.name).suffix]

    @cached_property
    def packed(self) -> bytes:
        """The content by gzip, the same bytes each time."""
        return gzip.compress(self.content, 6, mtime=0)


@cache
def pages() -> Mapping[str, Asset]:
    """The files of this package by name. Subfolders there are none."""
    found = sorted(path for path in FOLDER.iterdir() if path.suffix in TYPES)
    return {path.name: Asset(path.name, path.read_bytes()) for path in found}


@cache
def plotly() -> Asset:
    """Plotly's script. Raises Refusal (404) where the library is not installed."""
    spec = find_spec("plotly")
    folders = [] if spec is None else list(spec.submodule_search_locations or ())
    for folder in folders:
        path = Path(folder) / "package_data" / PLOTLY
        if path.is_file():
            return Asset(PLOTLY, path.read_bytes())
    raise Refusal(404, "plotly is not installed here; pip install 'cache-auditor[serve]'")


def pack_plotly() -> None:
    """Ahead of who asks for it: it takes a fifth of a second, once."""
    with suppress(Refusal):
        plotly().packed  # noqa: B018  # made when first read


@cache
def edition() -> str:
    """Names this set of files: what is served under it never changes."""
    found = sha256()
    for asset in pages().values():
        found.update(asset.name.encode() + b"\0" + asset.content)
    try:
        found.update(plotly().content)
    except Refusal:
        found.update(b"no plotly")
    return found.hexdigest()[:16]


@cache
def first_page() -> Asset:
    """The one HTML page, its files named by their edition."""
    written = pages()["index.html"].content.decode("utf-8")
    # all at once: left to themselves, modules are asked for one after the other as they import
    modules = [name for name in pages() if name.endswith(".js") and name != "theme.js"]
    hints = [f'<link rel="modulepreload" href="/static/ASSETS/{name}">\n' for name in modules]
    written = written.replace("</head>", f"{''.join(hints)}</head>")
    return Asset("index.html", written.replace("ASSETS", edition()).encode())


def show_page(request: Request) -> Response:
    """The dashboard, at any of its addresses."""
    found = _answer(request, first_page(), "no-cache", GUARDED)
    found.background = BackgroundTask(pack_plotly)
    return found


for address in PAGES:
    router.add_api_route(address, show_page, methods=["GET", "HEAD"])


@router.api_route("/static/{name:path}", methods=["GET", "HEAD"])
def show_asset(request: Request, name: str) -> Response:
    """One file: under its edition for ever, under its plain name after asking each time."""
    first, _, rest = name.rpartition("/")
    if first not in ("", edition()):
        raise Refusal(404, "there is no such file; load the page again")
    asset = plotly() if rest == PLOTLY else pages().get(rest)
    if asset is None or asset.media_type.startswith("text/html"):
        raise Refusal(404, "there is no such file")
    guard = {"X-Content-Type-Options": "nosniff"}
    return _answer(request, asset, LONG if first else "no-cache", guard)


def _answer(request: Request, asset: Asset, caching: str, guard: Mapping[str, str]) -> Response:
    tag = f'W/"{edition()}"'
    headers = {**guard, "Cache-Control": caching, "ETag": tag, "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    content = asset.content
    if "gzip" in request.headers.get("accept-encoding", ""):
        content, headers["Content-Encoding"] = asset.packed, "gzip"
    return Response(content, media_type=asset.media_type, headers=headers)
