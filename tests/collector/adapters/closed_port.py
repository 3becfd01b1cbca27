"""A port where nobody answers, the same for a cache and its twin: errors have it in their words."""

from functools import cache

from tests.fix_redis import free_port


@cache
def closed_port() -> int:
    return free_port()
