"""Copies and pickles of a watched object: ordinary objects of its own class."""

from __future__ import annotations

import copyreg
from typing import Any

from collector.adapters.calls import OWN, TELL


def reduced(cache: Any, protocol: Any) -> Any:
    """What a copy or a pickle of the object is made of, as its own class would have it."""
    own = getattr(type(cache), OWN)
    parts: Any = own.__reduce_ex__(cache, protocol)
    if not isinstance(parts, tuple):
        return parts
    function, arguments, *rest = parts
    if function is copyreg.__newobj__:  # type: ignore[attr-defined]  # pickle would look at its class
        function, arguments = copyreg._reconstructor, (own, object, None)  # type: ignore[attr-defined]
    arguments = tuple(own if part is type(cache) else part for part in arguments)
    if rest and isinstance(rest[0], dict):
        rest[0] = {name: part for name, part in rest[0].items() if name != TELL}
    return (function, arguments, *rest)
