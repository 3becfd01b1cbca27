"""Where a collector counts before it knows its destination's folder.

To know that, the destination's library has to be imported, which takes its time; a process that is
killed meanwhile has recorded something. So its folder is made at once beside the destinations', in
one that all collectors with the same setting share, and moves to the destination's when that is
known. Who dies before leaves its count there, for the next collector with the same setting.
"""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from pathlib import Path

from collector.losses import CounterFile
from collector.recorder import Recorder
from collector.settings import Settings
from collector.spool_folder import ClaimedFolder, claim, destination_folder, folder_name, roots

logger = logging.getLogger("collector")

# Of a password nothing goes into a folder's name, not even into its hash.
_CREDENTIALS = re.compile(r"(?<=//)[^/?#]*@|\b(?:password|user)=('[^']*'|[^\s&]*)")


class Anteroom:
    """One collector's place in it. Raises OSError when it cannot be had."""

    def __init__(self, settings: Settings, collector_id: str) -> None:
        self.room = destination_folder(settings.spool_dir, _name(settings))
        folder = claim(self.room / collector_id)
        if folder is None:
            raise OSError("its folder is held by another process")
        self._folder: ClaimedFolder = folder
        try:
            self.counters = CounterFile(folder.counts)
        except OSError:
            self.leave()
            raise

    def move_to(self, path: Path) -> ClaimedFolder:
        """The folder goes there, held and counted in as before. Raises OSError."""
        self._folder.path.rename(path)
        self._folder.path = path
        self._tidy()
        return self._folder

    def leave(self) -> None:
        """There is nothing to be counted: the folder goes."""
        self._folder.remove()
        self._tidy()

    def _tidy(self) -> None:
        with suppress(OSError):  # another collector is in it
            self.room.rmdir()


def enter(settings: Settings, collector_id: str, recorder: Recorder) -> Anteroom | None:
    """Count there from now on; None where the disk does not let us, which is said later."""
    try:
        room = Anteroom(settings, collector_id)
    except OSError as error:
        logger.debug("there is no early count: %s", error)
        return None
    recorder.count_in(room.counters.cells)
    return room


def anteroom(settings: Settings) -> Path | None:
    """Where the dead of this setting may be; None where nobody is."""
    paths = (root / folder_name(_name(settings)) for root in roots(settings.spool_dir))
    return next((path for path in paths if path.is_dir()), None)


def _name(settings: Settings) -> str:
    return "starting " + _CREDENTIALS.sub("", settings.url or settings.dsn or "")
