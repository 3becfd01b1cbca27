"""Which of a function's arguments is the key that it looks up."""

from __future__ import annotations

from inspect import signature

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_RECEIVERS = ("self", "cls")


def key_of(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function from the arguments to the key: the first one that is not a method's own object.

    A method is known by its place in a class and by its first name, `self` or `cls`.
    """
    return _second if _is_method(function) else _first


def _is_method(function: Callable[..., Any]) -> bool:
    where = getattr(function, "__qualname__", "").rpartition(".")[0]
    if not where or where.endswith("<locals>"):
        return False
    try:
        first = next(iter(signature(function).parameters), "")
    except (TypeError, ValueError):
        return False
    return first in _RECEIVERS


def _first(*arguments: Any, **named: Any) -> Any:
    return arguments[0] if arguments else next(iter(named.values()), None)


def _second(*arguments: Any, **named: Any) -> Any:
    return _first(*arguments[1:], **named)
