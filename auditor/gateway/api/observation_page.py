"""One observation in full, out of its row and of what is kept beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from psycopg import Connection

from auditor.explaining.kept import Kept
from auditor.gateway.api.briefs import brief, brief_fields
from auditor.gateway.api.observation_reply import (
    Cause,
    Change,
    Contribution,
    CostPart,
    CostSoFar,
    Moment,
    ObservationPage,
    ReasonChoice,
    ScopeChoice,
    SignedFeedback,
)
from auditor.observing.feedback import LASTS, MEANS, SCOPES, scope
from auditor.stores.judgements import read_judgements
from auditor.stores.observations import ObservationRow, list_observations, read_history
from auditor.stores.told import SignedRow, read_progress, read_signed
from auditor.windows.minutes import from_epoch_minute
from baselines.metrics import BY_NAME

SHOWN_EARLIER: Final = 20
LOOKED_AT: Final = 500
COST_PARTS: Final = {
    "misses": "extra loads",
    "loads": "slower loads",
    "hits": "slower hits",
    "errors": "errors",
    "lost": "lost requests",
}


def read_page(connection: Connection, row: ObservationRow) -> ObservationPage:
    """The row with its state, what is kept of its windows, its history, and its neighbours."""
    progress = read_progress(connection, row.id)
    others = list_observations(connection, cache_name=row.cache_name, most=LOOKED_AT)
    earlier = sorted((each for each in others if each.id != row.id), key=_told_at, reverse=True)
    names = ("description", "recommendation", "timestamp", "updated_at", "reopened",
             "deviation_percentage")  # fmt: skip
    return ObservationPage.model_validate(
        {
            **brief_fields(row),
            **{name: getattr(row, name) for name in names},
            "rule": row.metadata.get("rule"),
            "peak_surprise": progress.get("peak_surprise", row.metadata.get("peak_surprise")),
            "cost": _cost(progress.get("damage") or row.metadata.get("cost")),
            "causes": _causes(progress.get("causes"), row.metadata.get("causes")),
            "moments": [_moment(each) for each in read_judgements(connection, row.id)],
            "history": _history(connection, row),
            "signed": [_signed(each) for each in read_signed(connection, row.id)],
            "earlier": [brief(each) for each in earlier[:SHOWN_EARLIER]],
            "reasons": _reasons(),
            "scopes": _scopes(row),
        }
    )


def _cost(damage: Mapping[str, float] | None) -> CostSoFar | None:
    if not damage:
        return None
    return CostSoFar(
        extra_ms=damage["extra_ms"],
        ordinary_minutes=damage["normal_minutes"],
        extra_loads=damage["extra_loads"],
        extra_errors=damage["extra_errors"],
        lost_requests=damage["lost_requests"],
    )


def _causes(
    latest: Sequence[Mapping[str, Any]] | None, told: Sequence[Mapping[str, Any]] | None
) -> list[Cause]:
    """As of the last strange minute; of what has no state, as the row tells them."""
    return [
        Cause(
            name=each["name"],
            title=each["title"],
            weight=each["weight"],
            for_it=list(each.get("for_") or each.get("for") or ()),
            against_it=list(each["against"]),
            not_measured=list(each["not_measured"]),
            recommendation=each.get("recommendation"),
        )
        for each in (told if latest is None else latest) or ()
    ]


def _moment(kept: Kept) -> Moment:
    cost = kept.found["cost"]
    return Moment(
        moment=kept.kind,
        minute_window=from_epoch_minute(kept.minute),
        severity=kept.severity,
        surprise=kept.found["surprise"],
        opening_surprise=kept.opening_surprise,
        leading_metric=kept.found["leading_metric"],
        contributions=[_contribution(each) for each in kept.found["contributions"]],
        cost=[
            CostPart(title=title, ms=cost[name])
            for name, title in COST_PARTS.items()
            if cost.get(name)
        ],
        ordinary_ms=cost.get("ordinary"),
    )


def _contribution(part: Mapping[str, Any]) -> Contribution:
    metric = BY_NAME.get(part["metric"])
    names = set(Contribution.model_fields) - {"metric_title", "unit"}
    return Contribution(
        **{name: part[name] for name in names},
        metric_title=part["metric"] if metric is None else metric.title,
        unit="" if metric is None else metric.unit,
    )


def _history(connection: Connection, row: ObservationRow) -> list[Change]:
    return [
        Change.model_validate({name: getattr(each, name) for name in Change.model_fields})
        for each in read_history(connection, row.id)
    ]


def _signed(row: SignedRow) -> SignedFeedback:
    return SignedFeedback(
        id=row.id,
        reason=row.reason,
        note=row.note,
        by=row.acknowledged_by,
        at=row.acknowledged_at,
        about=str(row.scope),
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
    )


def _reasons() -> list[ReasonChoice]:
    return [
        ReasonChoice(
            reason=reason,
            means=MEANS[reason],
            lasts_s=None if lasts is None else int(lasts.total_seconds()),
        )
        for reason, lasts in LASTS.items()
    ]


def _scopes(row: ObservationRow) -> list[ScopeChoice]:
    return [
        ScopeChoice(
            scope=name,
            about=str(scope(name, row.cache_name, row.implementation_type, row.metric_name)),
        )
        for name in SCOPES
    ]


def _told_at(row: ObservationRow) -> datetime:
    return row.timestamp
