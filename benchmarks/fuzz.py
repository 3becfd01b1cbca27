"""Whatever is asked of the gateway, it answers, and never with a fault of its own.

    python -m benchmarks.fuzz [--requests 10000] [--seed 1]

Requests out of /openapi.json, by schemathesis: half of them fit the document, half do not; with
a token that may do all, and without one. Each must be answered within 15 s, with less than 500, and
what comes back must be of the form that the document promises. 503 is an answer where the gateway
is busy or a query would take too long; it is counted apart.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from auditor.postgres.embedded import EmbeddedPostgres
from auditor.schema.migrations import migrate
from auditor.stores.tokens import create_token

ANSWERED_S: Final = 15.0
TOKEN: Final = "a-token-that-may-do-everything"
FORM: Final = (
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance,
)  # fmt: skip
UNENDING: Final = "text/event-stream"


@dataclass
class Fuzzed:
    """requests: how many. statuses: answers by status. faults: what was wrong, in words."""

    requests: int = 0
    busy: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest_s: float = 0.0


def fuzz(
    url: str,
    token: str,
    most: int,
    *,
    known: Mapping[str, str],
    seed_: int = 1,
    progress: Callable[[int], None] = lambda _count: None,
) -> Fuzzed:
    """About `most` requests over all operations. known: parameters that lead to something."""
    found = Fuzzed()
    schema = schemathesis.openapi.from_dict(
        requests.get(f"{url}/openapi.json", timeout=ANSWERED_S).json()
    )
    operations: list[Any] = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr] # each is one
    each = max(1, most // (2 * len(operations)))
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            with contextlib.suppress(schemathesis.errors.InvalidSchema):
                _ask(operation, mode, each, seed_, url, token, known, found)
            progress(found.requests)
    return found


def _ask(
    operation: Any, mode: GenerationMode, each: int, seed_: int, url: str, token: str,
    known: Mapping[str, str], found: Fuzzed,
) -> None:  # fmt: skip
    if mode is GenerationMode.NEGATIVE and not (
        len(operation.query) or len(operation.path_parameters) or operation.body
    ):
        return  # nothing to get wrong

    @seed(seed_)
    @settings(
        max_examples=each, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        number = found.requests
        if number % 3 and mode is GenerationMode.POSITIVE:
            _lead(case.query, known)
            _lead(case.path_parameters, known)
        headers = {"Authorization": f"Bearer {token}"} if number % 10 else {}
        _answered(case, url, headers, found)

    ask()


def _lead(parameters: Any, known: Mapping[str, str]) -> None:
    for name in known.keys() & set(parameters or ()):
        parameters[name] = known[name]


def _answered(case: Any, url: str, headers: Mapping[str, str], found: Fuzzed) -> None:
    found.requests += 1
    begun_s = time.monotonic()
    raw = case.as_transport_kwargs(base_url=url, headers=dict(headers))
    try:
        with requests.request(**raw, timeout=ANSWERED_S, stream=True) as answer:
            unending = UNENDING in answer.headers.get("Content-Type", "")
            if not unending:
                _ = answer.content
            found.slowest_s = max(found.slowest_s, time.monotonic() - begun_s)
            found.statuses[answer.status_code] += 1
            if answer.status_code == 503:
                found.busy += 1
            elif not unending:
                case.validate_response(answer, checks=list(FORM))
    except (Failure, FailureGroup) as fault:
        found.faults.append(f"{case.as_curl_command()}\n{fault}")
    except requests.RequestException as fault:
        found.faults.append(f"{case.as_curl_command()}\n{type(fault).__name__}: {fault}")


# A gateway to ask --------------------------------------------------------------------------------


@contextlib.contextmanager
def gateway() -> Iterator[str]:
    """`run --serve` over an embedded server of its own, with a token; yields its URL."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        with EmbeddedPostgres(Path(folder) / "postgres") as dsn:
            with psycopg.connect(dsn, autocommit=True) as connection:
                migrate(connection)
                create_token(connection, "fuzz", TOKEN, ["ingest", "ack", "read"])
            with _served(dsn) as url:
                yield url


@contextlib.contextmanager
def _served(dsn: str) -> Iterator[str]:
    command = [sys.executable, "-m", "auditor", "--dsn", dsn, "--json", "run", "--serve"]
    process = subprocess.Popen(
        [*command, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["listening"]
    finally:
        process.terminate()
        process.communicate(timeout=60)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    asked.add_argument("--requests", type=int, default=10_000)
    asked.add_argument("--seed", type=int, default=1)
    given_ = asked.parse_args()
    begun_s = time.monotonic()
    with gateway() as url:
        found = fuzz(
            url, TOKEN, given_.requests, known={"cache": "default", "cache_name": "default"},
            seed_=given_.seed, progress=lambda count: print(f"\r{count}", end="", flush=True),
        )  # fmt: skip
    print(f"\r{found.requests} requests in {time.monotonic() - begun_s:.0f} s, "
          f"slowest {found.slowest_s:.1f} s")  # fmt: skip
    print(", ".join(f"{status}: {count}" for status, count in sorted(found.statuses.items())))
    for fault in found.faults[:20]:
        print(fault)
    print(f"{len(found.faults)} faults")
    raise SystemExit(bool(found.faults))


if __name__ == "__main__":
    main()
