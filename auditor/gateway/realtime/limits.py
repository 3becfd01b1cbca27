"""How much one client, and all of them, may ask of the gateway."""

from __future__ import annotations

from typing import Final

MOST_FRAME_BYTES: Final = 512 * 1024
MOST_BROADCAST_BYTES: Final = 256 * 1024
"""As Supabase's free projects have it."""
MOST_CHANNELS: Final = 100
"""Of one socket, as Supabase has it."""
MOST_SUBSCRIPTIONS: Final = 100
"""Of one channel."""
JOINS_A_SECOND: Final = 20.0
JOINS_AT_ONCE: Final = 2 * MOST_CHANNELS
FRAMES_A_SECOND: Final = 100.0
FRAMES_AT_ONCE: Final = 500
SPOKEN_A_SECOND: Final = 100.0
SPOKEN_AT_ONCE: Final = 500
"""Broadcasts over HTTP, of all callers."""
QUEUED_FRAMES: Final = 5_000
QUEUED_BYTES: Final = 8 * 2**20
"""What may wait for one socket; a frame to many waits once, and counts for each."""
JOIN_WAIT_S: Final = 5.0
"""How long a join waits for the gateway to hear notices; clients give up after 10 s."""
IDLE_S: Final = 90.0
"""Who sent nothing for so long is gone; a hidden tab may take a minute from beat to beat."""
STUCK_S: Final = 30.0
"""A client that has taken nothing for so long, while something is sent to it, is gone."""
LOOKED_AFTER_EVERY_S: Final = 5.0
ALLOWED_EVERY_S: Final = 30.0
"""How often it is asked again whether the tokens of a socket still may read."""
