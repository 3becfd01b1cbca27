"""What can be wrong with a maintenance, told in words."""

from __future__ import annotations


class MaintenanceInvalid(ValueError):
    """A maintenance that cannot be; the text names every fault of it."""

    def __init__(self, *faults: str) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults
