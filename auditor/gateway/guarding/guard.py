"""What stands before the routes, in its order."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from auditor.gateway.callers import Callers
from auditor.gateway.guarding.arrivals import Arrivals
from auditor.gateway.guarding.headers import SafeHeaders
from auditor.gateway.guarding.hosts import Hosts
from auditor.gateway.guarding.limits import Limits
from auditor.gateway.guarding.listeners import Listeners
from auditor.gateway.guarding.rates import Rates
from auditor.gateway.guarding.traffic import Traffic

ASKED_HEADERS: Final = (
    "Authorization", "apikey", "x-client-info", "Content-Type", "Idempotency-Key", "Prefer",
    "Last-Event-ID",
)  # fmt: skip
"""What pages of other origins may send; the stock clients send the first four."""


def guard(app: FastAPI, callers: Callers, limits: Limits, traffic: Traffic) -> None:
    """From the inside out: each sees what those after it let through."""
    app.add_middleware(Arrivals)
    app.add_middleware(Listeners, most=limits.listeners, traffic=traffic)
    if limits.requests_per_s:
        app.add_middleware(Rates, callers=callers, per_s=limits.requests_per_s)
    app.add_middleware(Hosts, origins=limits.origins, loopback=limits.loopback)
    if limits.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=limits.origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=ASKED_HEADERS,
            expose_headers=["Retry-After"],
        )
    app.add_middleware(SafeHeaders, traffic=traffic)
