"""Packages of other installations are found out before they do harm."""

import sys
from pathlib import Path

import pytest

from auditor.errors import MixedPackages
from auditor.installation import HOME, check_installation


def test_this_installation_is_whole() -> None:
    check_installation()


def test_a_package_that_shadows_ours_is_named_with_both_paths(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stranger = tmp_path / "ledgers" / "__init__.py"
    stranger.parent.mkdir()
    stranger.touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MixedPackages) as caught:
        check_installation(["ledgers"])
    assert str(stranger) in str(caught.value)
    assert str(HOME / "ledgers" / "__init__.py") in str(caught.value)
    assert "ledgers" not in sys.modules


def test_a_folder_without_init_is_not_taken_for_a_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "journals").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MixedPackages, match=str(tmp_path / "journals")):
        check_installation(["journals"])


def test_a_missing_package_is_named() -> None:
    with pytest.raises(MixedPackages, match="not installed"):
        check_installation(["no_such_package_at_all"])
