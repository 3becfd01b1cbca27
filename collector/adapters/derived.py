"""A class derived from a library's own, by which an object can be watched without being replaced.

The methods are copied into the derived class (with theirs among its bases, no object could change
to it), each with the name, documentation and signature of the method that it stands before.
"""

from __future__ import annotations

from functools import update_wrapper
from inspect import isfunction
from types import FunctionType
from typing import Any


def derived(own: type, *sources: type, **attributes: Any) -> type:
    """A class of own's name with the methods of the sources before own's; later sources win."""
    names = {name: getattr(own, name) for name in ("__module__", "__qualname__", "__doc__")}
    for source in sources:
        for name, part in vars(source).items():
            if isfunction(part):
                names[name] = _standing_before(getattr(own, name, None), part)
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
