"""The check of tokens: whether there is one for what the gateway is there for."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.examining.doctor import Examination, Finding, ok, warning
from auditor.settings_serving import is_loopback
from auditor.stores.tokens import count_tokens
from auditor.tokens import MAY, Scope


def tokens(examination: Examination) -> Finding:
    """Where tokens are used at all, somebody may acknowledge, and off loopback somebody read."""
    settings = examination.settings
    good = count_tokens(examination.connection)
    good["ingest"] += len(settings.ingest_tokens)
    return tokens_finding(good, is_loopback(settings.serve_host))


def tokens_finding(good: Mapping[Scope, int], loopback: bool) -> Finding:
    """good: how many tokens may do what. loopback: where the settings let `serve` listen."""
    wanted: list[Scope] = ["ack"] if any(good.values()) else []
    if not loopback:
        wanted.append("read")
    missing = [scope for scope in wanted if not good[scope]]
    if missing:
        said = " or ".join(MAY[scope] for scope in missing)
        return warning(
            "tokens",
            f"no token may {said} over HTTP",
            "; ".join(f"cache-auditor token create NAME --scope {scope}" for scope in missing),
        )
    counts = ", ".join(f"{count} may {MAY[scope]}" for scope, count in good.items() if count)
    return ok("tokens", counts or "there is none: nobody delivers or acknowledges over HTTP")
