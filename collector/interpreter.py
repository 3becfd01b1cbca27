"""Whether this is the process's main interpreter, the only one that a collector works in.

A subinterpreter has no exit handlers of the process, may have no threads of its own, and cannot
load the driver; the main interpreter's collector knows nothing of it.
"""

from __future__ import annotations

from importlib import import_module

_MODULES = ("_interpreters", "_xxsubinterpreters")  # 3.13 and later; before


def is_main() -> bool:
    """False in a subinterpreter; True where it cannot be told."""
    for name in _MODULES:
        try:
            found = import_module(name)
            return bool(found.get_current() == found.get_main())
        except Exception:
            continue
    return True
