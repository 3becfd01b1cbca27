"""Instants at which a clock on a wall shows a time, also on the days when it is put on or back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from auditor.maintaining.errors import MaintenanceInvalid


def zone_of(time_zone: str) -> ZoneInfo:
    """The zone of an IANA name. Raises MaintenanceInvalid for one that is not known."""
    try:
        return ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise MaintenanceInvalid(
            f"{time_zone!r} is not a time zone that this machine knows; "
            "give an IANA name such as Europe/Zurich or UTC"
        ) from None


def first_shown(local: datetime, time_zone: str) -> datetime:
    """The first instant (UTC) at which the zone's clock shows `local`, or something later.

    local: naive, on the second. Where the clock is put back and shows it twice, that is the first
    time; where it is put on and never shows it, the moment at which it jumps over it.
    Raises MaintenanceInvalid for an unknown zone.
    """
    zone = zone_of(time_zone)
    before, after = _candidates(local, zone)
    if _shown(before, zone) == local:
        return before
    # between the two the clock jumps: what it shows there rises, with one step
    low, high = int(before.timestamp()), int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if _shown(datetime.fromtimestamp(middle, UTC), zone) < local:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)


def the_instant(local: datetime, time_zone: str) -> datetime:
    """The one instant (UTC) at which the zone's clock shows `local`, a naive time.

    Raises MaintenanceInvalid when the clock shows it never or twice, or the zone is not known.
    """
    zone = zone_of(time_zone)
    before, after = _candidates(local, zone)
    said = f"{local:%Y-%m-%d %H:%M} in {time_zone}"
    if _shown(before, zone) != local:
        jump = first_shown(local, time_zone)
        left = _shown(jump - timedelta(seconds=1), zone) + timedelta(seconds=1)
        raise MaintenanceInvalid(
            f"{said} does not exist: the clock goes from {left:%H:%M} on to "
            f"{_shown(jump, zone):%H:%M}"
        )
    if before != after:
        both = " or ".join(
            f"'{each.astimezone(zone).isoformat(sep=' ', timespec='minutes')}'"
            for each in (before, after)
        )
        raise MaintenanceInvalid(f"{said} comes twice: the clock is put back; write {both}")
    return before


def _candidates(local: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants that the offsets before and after a change give, the earlier one first."""
    first, second = sorted(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first, second


def _shown(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the zone's clock shows at an instant, naive."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)
