"""Which version of the collector this is, as its heartbeat says."""

from __future__ import annotations


def installed_version() -> str:
    """The distribution's version; '' where the package was copied without being installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("cache-auditor")
    except PackageNotFoundError:
        return ""
