"""A real HTTP server that takes what apprise's json:// sends, and does to it what it is told."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE_S = 60.0


class Receiver:
    """status: what it answers with. on_message: called with each before it is answered, and may
    wait.

    messages: what came, as {"title", "message", "type"}, those that were refused too.
    """

    def __init__(self, on_message: Callable[[dict[str, Any]], None] = lambda _: None) -> None:
        self.status = 200
        self.messages: queue.Queue[dict[str, Any]] = queue.Queue()
        self.taken: list[str] = []
        receiver = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                sent["path"] = self.path
                receiver.messages.put(sent)
                on_message(sent)
                if receiver.status < 300:
                    receiver.taken.append(sent["title"])
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE_S)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, token: str = "s3cr3t-tok3n") -> str:
        """As apprise writes it."""
        return f"json://127.0.0.1:{self.port}/{token}"

    def next(self) -> dict[str, Any]:
        return self.messages.get(timeout=PATIENCE_S)
