"""What is recorded of one client of Redis or Valkey: commands alone, and commands in one trip."""

from __future__ import annotations

import logging
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from collector.adapters.redis_commands import COMMANDS, plain_key, size

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from collector.adapters.redis_commands import Arguments, Command

logger = logging.getLogger("collector")


class Recording:
    """Records a client's commands under its names; nothing of it reaches the caller.

    name_of: the cache_name of a key (None: do not record it); None when all are cache_name's.
    began_ns, of all methods: perf_counter_ns before the command or the trip.
    """

    __slots__ = ("_record", "cache_name", "implementation_type", "name_of")

    def __init__(
        self,
        cache_name: str,
        implementation_type: str,
        record: Callable[..., None],
        name_of: Callable[[str | bytes | None], str | None] | None,
    ) -> None:
        self.cache_name = cache_name
        self.implementation_type = implementation_type
        self.name_of = name_of
        self._record = record

    def ended(self, command: Command, arguments: Arguments, began_ns: int, answer: Any) -> None:
        """One command was answered."""
        elapsed_ms = (perf_counter_ns() - began_ns) / 1e6
        try:
            if command.is_get and self.name_of is None and type(key := arguments[1]) is str:
                if answer is None:  # by far the most frequent command, without a detour
                    self._record("miss", key, elapsed_ms, self.cache_name, self.implementation_type)
                    return
                self._record(
                    "hit", key, elapsed_ms, self.cache_name, self.implementation_type,
                    None, len(answer) if type(answer) is bytes else size(answer),
                )  # fmt: skip
                return
            if command.many:
                self._divide([arguments], [answer], elapsed_ms)
                return
            for operation, key, value_bytes in command.outcome(arguments, answer):
                self._note(operation, key, elapsed_ms, value_bytes)
        except Exception:
            logger.debug("a command was not recorded", exc_info=True)

    def failed(self, arguments: Arguments, began_ns: int, error: BaseException) -> None:
        """One command raised."""
        self.trip([arguments], began_ns, [error])

    def trip(self, commands: Sequence[Arguments], began_ns: int, answers: Sequence[Any]) -> None:
        """Several commands went together; answers in their order, an exception where it failed."""
        elapsed_ms = (perf_counter_ns() - began_ns) / 1e6
        try:
            self._divide(commands, answers, elapsed_ms)
        except Exception:
            logger.debug("a trip was not recorded", exc_info=True)

    def _divide(
        self, commands: Sequence[Arguments], answers: Sequence[Any], elapsed_ms: float
    ) -> None:
        """The trip's time is divided evenly over its keys; a command of no cache counts as one.

        So the times recorded add up to the trip's at most; metadata says over how many it was
        divided, and the trip's time is that many times the one recorded.
        """
        known = [COMMANDS.get(arguments[0]) for arguments in commands]
        keys = [
            (None,) if command is None else command.keys(arguments)
            for command, arguments in zip(known, commands, strict=True)
        ]
        parts = sum(map(len, keys))
        metadata = {"keys_in_trip": parts} if parts > 1 else None
        share_ms = elapsed_ms / parts
        for place, command in enumerate(known):
            if command is None:
                continue
            answer = answers[place]
            if not isinstance(answer, BaseException):
                for operation, key, value_bytes in command.outcome(commands[place], answer):
                    self._note(operation, key, share_ms, value_bytes, None, metadata)
            elif command.failure:
                for key in keys[place]:
                    self._note(command.failure, key, share_ms, None, answer, metadata)

    def _note(
        self,
        operation: str,
        key: Any,
        elapsed_ms: float,
        value_bytes: int | None,
        error: BaseException | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        if key is not None and type(key) is not str and type(key) is not bytes:
            key = plain_key(key)
        name = self.cache_name if self.name_of is None else self.name_of(key)
        if name is None:
            return
        if error is None:
            self._record(
                operation, key, elapsed_ms, name, self.implementation_type,
                None, value_bytes, None, None, metadata,
            )  # fmt: skip
            return
        self._record(
            operation, key, elapsed_ms, name, self.implementation_type,
            None, value_bytes, type(error).__name__, str(error), metadata,
        )  # fmt: skip


class _NotRecorded(Recording):
    """Of an object that nobody watches."""

    def __init__(self) -> None:
        """It has no names."""

    def ended(self, command: Command, arguments: Arguments, began_ns: int, answer: Any) -> None:
        """Nothing."""

    def trip(self, commands: Sequence[Arguments], began_ns: int, answers: Sequence[Any]) -> None:
        """Nothing."""


NOT_RECORDED = _NotRecorded()
