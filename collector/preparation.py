"""Events into rows: rules checked, keys hashed with the best secret known, refusals counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from collector.errors import SinkUnavailable
from collector.events import Event, Refused, Row, Span, prepare
from collector.keys import Encoder, KeyHasher
from collector.ordinary import rows_at_once
from collector.secret import Secret, find_secret
from collector.tally import Tally


class Preparation:
    """Prepares one collector's events. ask: the sink's secret, or SinkUnavailable.

    encoder is for every cache, encoders for single ones by cache_name. folder: where secrets are
    remembered, once it is known.
    """

    def __init__(
        self,
        tally: Tally,
        ask: Callable[[], bytes],
        *,
        given_secret: str | None = None,
        plain: bool = False,
        encoder: Encoder | None = None,
        encoders: Mapping[str, Encoder] | None = None,
    ) -> None:
        self._tally = tally
        self._ask = ask
        self._given_secret = given_secret
        self._plain = plain
        self._encoder, self._encoders = encoder, encoders
        self._secret: Secret | None = None
        self._hasher: KeyHasher | None = None
        self.folder: Path | None = None

    @property
    def ready(self) -> bool:
        """A secret has been found."""
        return self._hasher is not None

    @property
    def keys_local(self) -> bool:
        """Keys are hashed with a secret of this host alone."""
        return self._secret is not None and self._secret.local

    def rows(self, events: list[Event], now_ns: int, ask: bool = True) -> tuple[Row, ...]:
        """Those that may be stored, in order; others are counted. ask: the sink may be asked."""
        self._tally.drained += len(events)
        hasher = self._hasher or self.learn(ask)
        span = Span.around(now_ns)
        rows = rows_at_once(events, span, hasher)
        if rows is not None:
            return tuple(rows)
        rows = []
        for event in events:
            row = _prepared(event, span, hasher)
            if isinstance(row, Refused):
                self._tally.refuse(row.reason)
            else:
                rows.append(row)
        return tuple(rows)

    def samples(self, events: list[Event], now_ns: int) -> tuple[Row, ...]:
        """Examples of what is counted already; one that may not be stored is left out."""
        if self._hasher is None:
            return ()
        span = Span.around(now_ns)
        rows = (_prepared(event, span, self._hasher) for event in events)
        return tuple(row for row in rows if isinstance(row, Row))

    def make_ready(self, ask: bool = True) -> None:
        """Finds the secret unless it is known, so that `rows` need not wait for the network."""
        if self._hasher is None:
            self.learn(ask)

    def learn(self, ask: bool = True) -> KeyHasher:
        """Find the secret (again) and hash with it from now on."""
        self._secret = find_secret(self._given_secret, self._ask if ask else _not_now, self.folder)
        self._hasher = KeyHasher(
            self._secret.value,
            encoder=self._encoder,
            encoders=self._encoders,
            plain=self._plain,
        )
        return self._hasher


def _prepared(event: Event, span: Span, hasher: KeyHasher) -> Row | Refused:
    """As `prepare`; what the user's key or encoder raises to end a thread ends its event only."""
    try:
        return prepare(event, span, hasher)
    except BaseException as error:
        return Refused(f"the event cannot be read ({type(error).__name__})")


def _not_now() -> bytes:
    raise SinkUnavailable("the server is not asked now")
