"""A class derived from a library's own, by which an object can be watched without being replaced.

The methods are copied into the derived class (with theirs among its bases, no object could change
to it), each with the name, documentation and signature of the method that it stands before.
"""

from __future__ import annotations

import copyreg
from functools import update_wrapper
from inspect import isfunction
from types import FunctionType
from typing import Any

ATTRIBUTE = "_cache_auditor_watch"


def derived(own: type, *sources: type, **attributes: Any) -> type:
    """A class of own's name with the methods of the sources before own's; later sources win.

    A source's own bases count too. `_cache_auditor_own` of the class is own.
    """
    names = {name: getattr(own, name) for name in ("__module__", "__qualname__", "__doc__")}
    for source in sources:
        for kind in reversed(source.__mro__[:-1]):
            for name, part in vars(kind).items():
                if isfunction(part):
                    names[name] = _standing_before(getattr(own, name, None), part)
    attributes["_cache_auditor_own"] = own
    return type(own)(own.__name__, (own,), {**names, **attributes})


def _standing_before(replaced: Any, method: FunctionType) -> FunctionType:
    """A copy of the method that looks like the one it replaces."""
    if replaced is None:
        return method
    copied = FunctionType(
        method.__code__,
        method.__globals__,
        method.__name__,
        method.__defaults__,
        method.__closure__,
    )
    copied.__kwdefaults__ = method.__kwdefaults__
    update_wrapper(copied, replaced)
    return copied


def reduced(watched: Any, protocol: Any) -> Any:
    """__reduce_ex__ of an object of a derived class: a copy or a pickle of it is nobody's watched.

    Raises whatever the library's own does.
    """
    own = watched._cache_auditor_own
    parts: Any = own.__reduce_ex__(watched, protocol)
    function, arguments, state, *rest = parts
    if function is copyreg.__newobj__:  # type: ignore[attr-defined]  # pickle would look at the object's class
        function, arguments = copyreg._reconstructor, (own, object, None)  # type: ignore[attr-defined]
    arguments = tuple(own if part is type(watched) else part for part in arguments)
    return (function, arguments, _without_watch(state), *rest)


def _without_watch(state: Any) -> Any:
    if isinstance(state, tuple):  # of the attributes and of the slots
        return tuple(map(_without_watch, state))
    if not isinstance(state, dict):
        return state
    return {name: part for name, part in state.items() if name != ATTRIBUTE}
