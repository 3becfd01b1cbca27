"""What every request passes before a route: whose page, which name, how often, how much."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auditor.gateway.callers import Callers
from auditor.gateway.guarding import arrivals
from auditor.gateway.guarding.arrivals import LARGEST, Arrivals
from auditor.gateway.guarding.guard import guard
from auditor.gateway.guarding.headers import SAFE, SafeHeaders
from auditor.gateway.guarding.hosts import Hosts, host_of, is_local
from auditor.gateway.guarding.limits import Limits
from auditor.gateway.guarding.listeners import Listeners
from auditor.gateway.guarding.rates import AT_ONCE_S, Rates, network_of
from auditor.gateway.guarding.traffic import Traffic
from auditor.gateway.token_table import TokenTable
from auditor.settings import Settings
from auditor.tokens import digest


async def fine(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the body and says how long it was; opens every socket."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        return
    length, more = 0, True
    while more:
        message = await receive()
        length, more = length + len(message["body"]), message.get("more_body", False)
    body = f"{length}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def ask(app: ASGIApp, path: str = "/", **asked: Any) -> httpx.Response:
    transport = httpx.ASGITransport(app, client=(asked.pop("address", "192.0.2.7"), 5))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8710") as client:
        return await client.request(asked.pop("method", "GET"), path, **asked)


async def shake_hands(app: ASGIApp, **headers: str) -> Message:
    """The first answer to a socket's handshake."""
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        told.append(message)

    await app(
        {
            "type": "websocket", "path": "/", "headers": [
                (name.encode(), text.encode()) for name, text in headers.items()],
            "extensions": {"websocket.http.response": {}}, "client": ("192.0.2.7", 5),
        },
        receive,
        send,
    )  # fmt: skip
    return told[0]


def run(made: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return asyncio.run(made())


# Names and origins -------------------------------------------------------------------------------


def test_on_loopback_only_local_names_are_answered() -> None:
    """A page whose own name was made to lead here (DNS rebinding) reads nothing."""
    closed = Hosts(fine, origins=["https://wall.example"], loopback=True)
    wide = Hosts(fine, origins=[], loopback=False)

    async def asked() -> None:
        for host, status in (
            ("127.0.0.1:8710", 200), ("localhost", 200), ("[::1]:8710", 200), ("127.8.9.1", 200),
            ("app.localhost:80", 200), ("LOCALHOST.", 200), ("wall.example", 200),
            ("evil.example", 421), ("127.0.0.1.evil.example", 421), ("localhost.evil.example", 421),
            ("10.0.0.1", 421), ("0.0.0.0", 421), ("", 421), ("[", 421), ("evil.example:8710", 421),
        ):  # fmt: skip
            answer = await ask(closed, headers={"Host": host})
            assert answer.status_code == status, host
            assert (await ask(wide, headers={"Host": host})).status_code == 200
        assert "serve_origins" in (await ask(closed, headers={"Host": "a.example"})).json()["error"]

    run(asked)


def test_fault_10_a_strangers_page_opens_no_socket() -> None:
    """Browsers let any page try; programs send no origin. The same origin is the page's own."""
    hosts = Hosts(fine, origins=["https://wall.example"], loopback=True)

    async def asked() -> None:
        for origin, opened in (
            (None, True), ("http://127.0.0.1:8710", True), ("https://wall.example", True),
            ("https://evil.example", False), ("http://127.0.0.1:3000", False), ("null", False),
            ("https://wall.example.evil.example", False), ("", False),
        ):  # fmt: skip
            named = {} if origin is None else {"origin": origin}
            told = await shake_hands(hosts, host="127.0.0.1:8710", **named)
            assert (told["type"] == "websocket.accept") == opened, origin
            assert opened or told["status"] == 403

    run(asked)


@pytest.mark.parametrize("listed", [(), ("https://wall.example",)])
def test_fault_10_only_a_listed_origins_page_may_read_what_is_answered(
    listed: tuple[str, ...],
) -> None:
    """CORS was `*`. A browser shows a page no answer that does not name the page's origin."""
    app = FastAPI()
    app.mount("/", fine)
    callers = Callers([], TokenTable("dbname=nowhere"), reading_needs_token=False)
    guard(app, callers, Limits(origins=listed, loopback=True), Traffic())
    preflight = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, apikey, content-type, x-client-info",
    }

    async def asked() -> None:
        for origin in ("https://wall.example", "https://evil.example", "null"):
            for method, more in (("GET", {}), ("OPTIONS", preflight)):
                answer = await ask(app, method=method, headers={"Origin": origin, **more})
                allowed = answer.headers.get("Access-Control-Allow-Origin")
                assert allowed == (origin if origin in listed else None), (origin, method)

    run(asked)


def test_hosts_are_read_as_browsers_write_them() -> None:
    """By hand."""
    assert [host_of(text) for text in ("A.Example:80", "[::1]:8", "::1", "a b", "x@h", "")] == [
        "a.example", "::1", "", "a b", "h", "",
    ]  # fmt: skip
    assert [is_local(name) for name in ("127.0.0.1", "::1", "localhost", "local", "")] == [
        True, True, True, False, False,
    ]  # fmt: skip


def test_cors_is_for_listed_origins_alone() -> None:
    """What the stock clients send is let through for them; nobody else is named, ever."""
    table = TokenTable("postgresql://nobody@127.0.0.1:1/nowhere")
    app = FastAPI()
    callers = Callers([], table, reading_needs_token=True)
    guard(app, callers, Limits(("https://wall.example",)), Traffic())
    app.get("/v1/now")(lambda: "now")
    preflight = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "apikey,authorization,content-type,x-client-info",
    }

    async def asked() -> None:
        for origin, allowed in (
            ("https://wall.example", "https://wall.example"), ("https://evil.example", None),
            ("http://wall.example", None), ("null", None),
        ):  # fmt: skip
            answer = await ask(app, "/v1/now", headers={"Origin": origin})
            assert answer.headers.get("Access-Control-Allow-Origin") == allowed
            asking = await ask(
                app, "/v1/now", method="OPTIONS", headers=preflight | {"Origin": origin}
            )
            assert asking.headers.get("Access-Control-Allow-Origin") == allowed
            assert (asking.status_code == 200) == (allowed is not None)
            assert "Access-Control-Allow-Credentials" not in answer.headers

    run(asked)


@pytest.mark.parametrize(
    "origins", ["*", "https://*.example", "wall.example", "https://a.example/", "ftp://a", "null"]
)
def test_an_origin_is_named_exactly(origins: str) -> None:
    """No wildcard, no path, no scheme but http."""
    with pytest.raises(ValidationError, match="is no list of origins"):
        Settings(serve_origins=origins)


def test_origins_come_as_a_list_or_with_commas() -> None:
    """And a limit on listeners leaves room for deliveries."""
    given = Settings(serve_origins="https://A.example, http://[::1]:3000")
    assert given.serve_origins == ("https://a.example", "http://[::1]:3000")
    with pytest.raises(ValidationError, match="serve_listeners must be below serve_connections"):
        Settings(serve_listeners=500, serve_connections=500)


# How often ---------------------------------------------------------------------------------------


def test_one_caller_may_ask_so_often_and_others_do_not_pay() -> None:
    """2 a second, 20 at once, then Retry-After; another address has its own, and a known token."""
    now = [100.0]
    table = TokenTable("postgresql://nobody@127.0.0.1:1/nowhere")  # never asked
    callers = Callers([digest("the-token-of-the-settings")], table, reading_needs_token=True)
    rates = Rates(fine, callers=callers, per_s=2, clock=lambda: now[0])
    known = {"Authorization": "Bearer the-token-of-the-settings"}

    async def asked() -> None:
        for _ in range(2 * AT_ONCE_S):
            assert (await ask(rates)).status_code == 200
        for headers in ({}, {"apikey": "made up"}, {"Authorization": "Bearer other"}):
            answer = await ask(rates, headers=headers)
            assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
            assert "2 requests a second" in answer.json()["error"]
        assert (await shake_hands(rates))["status"] == 429
        assert (await ask(rates, address="192.0.2.8")).status_code == 200
        assert (await ask(rates, headers=known)).status_code == 200
        now[0] += 1.0
        found = [(await ask(rates)).status_code for _ in range(3)]
        assert found == [200, 200, 429]

    run(asked)


def test_a_network_is_one_caller() -> None:
    """An IPv6 /64, whatever its lower half; an IPv4 address as it is, also when it is mapped."""
    assert network_of("2001:db8:1:2::1") == network_of("2001:db8:1:2:ffff::9")
    assert network_of("2001:db8:1:2::1") != network_of("2001:db8:1:3::1")
    assert network_of("::ffff:192.0.2.7") == network_of("192.0.2.7") == "192.0.2.7"
    assert network_of("a-unix-socket") == "a-unix-socket"


# How much ----------------------------------------------------------------------------------------


def within(app: ASGIApp) -> ASGIApp:
    """As the application has it: what is raised below becomes an answer."""
    from starlette.exceptions import HTTPException
    from starlette.middleware.exceptions import ExceptionMiddleware
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse, Response

    async def told(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return PlainTextResponse(error.detail, error.status_code, error.headers)

    return Arrivals(ExceptionMiddleware(app, handlers={HTTPException: told}))


def test_a_body_is_bounded_announced_or_not() -> None:
    """Up to the limit it is taken whole; what its own route bounds is left alone."""
    app = within(fine)

    async def pieces(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield bytes(65_536)

    async def asked() -> None:
        for content, status in (
            (bytes(LARGEST), 200), (bytes(LARGEST + 1), 413), (pieces(16), 200), (pieces(17), 413)
        ):  # fmt: skip
            answer = await ask(app, method="POST", content=content)
            assert answer.status_code == status
            assert status == 200 or answer.headers["Connection"] == "close"
        answer = await ask(app, "/v1/batches", method="POST", content=bytes(LARGEST + 1))
        assert answer.text == f"{LARGEST + 1}"

    run(asked)


def test_a_body_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """408; and after the body a route may wait for as long as it likes."""
    monkeypatch.setattr(arrivals, "LONGEST_S", 0.05)

    async def never() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    async def patient(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        await asyncio.sleep(0.1)  # longer than a body may take
        going = asyncio.ensure_future(receive())
        await asyncio.sleep(0.05)
        going.cancel()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"" if not going.done() else b"raised"})

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        async def halting() -> Message:
            await asyncio.sleep(10)
            return {"type": "http.request", "body": b"", "more_body": False}

        await within(fine)(scope, halting, send)

    async def asked() -> None:
        assert (await ask(slow, method="POST", content=b"x")).status_code == 408
        answer = await ask(within(patient), method="POST", content=b"x")
        assert (answer.status_code, answer.text) == (200, "")

    run(asked)


def test_listeners_leave_room_for_others() -> None:
    """Sockets and streams together; everything else is not counted; who goes makes room."""
    traffic = Traffic()
    until = asyncio.Event()

    async def lasting(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/v1/events":
            await until.wait()
        await fine(scope, receive, send)

    app = Listeners(lasting, most=2, traffic=traffic)

    async def asked() -> None:
        streams = [asyncio.create_task(ask(app, "/v1/events")) for _ in range(2)]
        while traffic.listening["sse"] < 2:
            await asyncio.sleep(0)
        assert (await ask(app, "/v1/events")).status_code == 503
        assert (await shake_hands(app))["status"] == 503
        assert (await ask(app, "/v1/batches")).status_code == 200
        until.set()
        await asyncio.gather(*streams)
        assert (await shake_hands(app))["type"] == "websocket.accept"
        assert traffic.listening == {"sse": 0, "socket": 0}

    run(asked)


def test_every_answer_is_safe_for_browsers_and_counted() -> None:
    """What a route says itself stands; the count is by method, route and status."""
    traffic = Traffic()

    async def own(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"cache-control", b"max-age=9")]
        await send({"type": "http.response.start", "status": 404, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def asked() -> None:
        answer = await ask(SafeHeaders(fine, traffic=traffic))
        assert {name: answer.headers[name] for name in SAFE} == SAFE
        answer = await ask(SafeHeaders(own, traffic=traffic))
        assert answer.headers["Cache-Control"] == "max-age=9"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    run(asked)
    assert traffic.requests == {("GET", "", 200): 1, ("GET", "", 404): 1}
