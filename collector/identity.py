"""Who a collector is."""

from __future__ import annotations

import os
import time

from collector.batch import Beat
from collector.version import installed_version


def identity(collector_id: str, node: str) -> Beat:
    """A beat that says who this is: this process, from now on."""
    return Beat(
        collector_id=collector_id,
        node=node,
        pid=os.getpid(),
        version=installed_version(),
        started_ns=time.time_ns(),
    )
