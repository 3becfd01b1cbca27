"""`GET /docs`: the API as a page, out of /openapi.json, with nothing from elsewhere."""

from __future__ import annotations

from fastapi import APIRouter, Response

from auditor.gateway.static import GUARDED, edition, pages

router = APIRouter(include_in_schema=False)


@router.api_route("/docs", methods=["GET", "HEAD"])
def show_api() -> Response:
    """The page itself tells nothing; what it shows is the same for everybody."""
    written = pages()["api.html"].content.decode("utf-8").replace("ASSETS", edition())
    headers = {**GUARDED, "Cache-Control": "no-cache"}
    return Response(written, media_type="text/html; charset=utf-8", headers=headers)
