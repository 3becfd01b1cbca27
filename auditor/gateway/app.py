"""The gateway as an application: its routes, its refusals, its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version as distribution_version
from typing import Final

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from auditor.gateway import api_page, events, health, ingest, static
from auditor.gateway.api import (
    acknowledging,
    comparisons,
    histories,
    now,
    observations,
    series,
)
from auditor.gateway.gate import Gate
from auditor.gateway.guarding.guard import guard
from auditor.gateway.ingest_forms import BatchBody, BeatBody
from auditor.gateway.metrics import routes as metrics
from auditor.gateway.metrics.routes import LastState
from auditor.gateway.openapi import describe
from auditor.gateway.realtime import routes as realtime
from auditor.gateway.reference import routes as reference
from auditor.gateway.reference.forms import Metrics
from auditor.gateway.refusals import SAID, Refusal, Said, answer_refusal
from collector.errors import SinkUnavailable
from collector.sinks.wire import UnreadableBody

ROUTERS: Final = (
    health.router,
    ingest.router,
    reference.router,
    realtime.router,
    events.router,
    comparisons.router,
    histories.router,
    series.router,
    now.router,
    observations.router,
    acknowledging.router,
    metrics.router,
    api_page.router,
    static.router,
)


def make_app(gate: Gate) -> FastAPI:
    """The application over one database; its connections end with it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        hub = asyncio.create_task(gate.hub.run())
        yield
        gate.hub.close()
        hub.cancel()
        gate.sinks.close()
        gate.callers.close()
        await run_in_threadpool(gate.readers.close)

    # The pages that FastAPI would show load their scripts from elsewhere.
    app = FastAPI(
        title="cache-auditor",
        version=distribution_version("cache-auditor"),
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.gate = gate
    app.state.last_metrics = LastState()
    for router in ROUTERS:
        app.include_router(router, responses=SAID)
    for kind in (
        Refusal, UnreadableBody, SinkUnavailable, RequestValidationError, HTTPException
    ):  # fmt: skip
        app.add_exception_handler(kind, answer_refusal)
    guard(app, gate.callers, gate.limits, gate.traffic)
    describe(app, read_by_hand=(Said, Metrics, BatchBody, BeatBody))
    return app
