"""Which scopes hold for nothing, and which names their author may have meant."""

from __future__ import annotations

import pytest

from auditor.examining.names import Scope, unheard_of

SERIES = {
    ("sessions", "legacy"), ("sessions", "new"), ("pages", "new"), ("products", "redis"),
    ("prices", "redis"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("cache", "implementation", "said"),
    [
        (None, None, ""),
        ("sessions", None, ""),
        ("sessions", "legacy", ""),
        (None, "redis", ""),
        ("session", None, "r names the cache 'session'; nearest is sessions"),
        ("product", None, "r names the cache 'product'; nearest is products"),
        ("zzz", None, "r names the cache 'zzz'; there is pages, prices, products and 1 more"),
        ("pages", "legacy", "r names the implementation 'legacy' of pages; there is new"),
        (None, "reddis", "r names the implementation 'reddis'; nearest is redis"),
        # the cache is told first: of an unknown one no implementation is known
        ("page", "legcy", "r names the cache 'page'; nearest is pages"),
    ],
)
def test_a_scope_is_known_or_the_nearest_names_are_said(
    cache: str | None, implementation: str | None, said: str
) -> None:
    assert unheard_of(Scope("r", cache, implementation), SERIES) == said
