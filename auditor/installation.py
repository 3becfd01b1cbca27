"""Whether the four packages are of one installation.

Their names are ordinary words, so another `sql` or `collector` on Python's path may be found first,
and half of an older version may have been left behind. Both are named instead of failing oddly.
"""

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from auditor.errors import MixedPackages

PACKAGES: Final = ("sql", "collector", "baselines")
HOME: Final = Path(__file__).resolve().parent.parent


def check_installation(packages: Iterable[str] = PACKAGES, home: Path = HOME) -> None:
    """Raises MixedPackages for the first package that Python finds elsewhere than under home."""
    for name in packages:
        expected = home / name / "__init__.py"
        spec = find_spec(name)
        found = Path(spec.origin).resolve() if spec and spec.origin else _nowhere(spec)
        if found != expected:
            raise MixedPackages(name, found, expected)


def _nowhere(spec: object) -> Path:
    """Where a package without an __init__.py is, as far as Python says."""
    places = list(getattr(spec, "submodule_search_locations", None) or ["(not installed)"])
    return Path(str(places[0]))
