"""How good alerts and scores are against labelled events: event F1, and a PR curve's volume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from baselines.series import BoolArray, FloatArray, IntArray

Event = tuple[int, int, str]
BUFFERS = 5
"""Widths of the soft edges that the volume is averaged over, from 0 to the events' own length."""
WIDEST = 100


@dataclass(frozen=True, slots=True)
class Events:
    """found of all events; false: alerts that lie in none."""

    found: int = 0
    all: int = 0
    false: int = 0

    def __add__(self, other: Events) -> Events:
        return Events(self.found + other.found, self.all + other.all, self.false + other.false)

    @property
    def f1(self) -> float:
        """Of the share of events found and of alerts that found one, an event counted once."""
        return 2 * self.found / max(self.found + self.false + self.all, 1)


def event_counts(opened: BoolArray, events: Sequence[Event], slack: int) -> Events:
    """opened: shape (m,), True at the row of each alert. slack: rows after an event's end at which
    an alert still belongs to it, as one does from the row before its first."""
    rows = np.flatnonzero(opened)
    inside = [(rows >= since - 1) & (rows < until + slack) for since, until, _ in events]
    covered = np.any(inside, axis=0) if inside else np.zeros(rows.size, dtype=bool)
    found = sum(bool(each.any()) for each in inside)
    return Events(found, len(events), int((~covered).sum()))


def volume_under_pr(score: FloatArray, events: Sequence[Event]) -> float:
    """Mean area under the range PR curve over edges of several widths (after Paparrizos et al.
    2022, "Volume under the surface"); NaN scores rank lowest. score: shape (m,). NaN without
    events."""
    if not events:
        return float("nan")
    widest = max(4, min(WIDEST, int(np.median([until - since for since, until, _ in events]))))
    ranked = np.nan_to_num(score, nan=-np.inf)
    order = np.argsort(-ranked, kind="stable")
    widths = np.linspace(0, widest, BUFFERS).astype(int)
    return float(np.mean([_area(ranked, order, events, int(width)) for width in widths]))


def soft_labels(m: int, events: Sequence[Event], width: int) -> FloatArray:
    """1 inside events, falling to 0 over so many rows on both sides; shape (m,)."""
    rows = np.arange(m)
    label = np.zeros(m)
    for since, until, _ in events:
        away = np.maximum(np.maximum(since - rows, rows - until + 1), 0)
        label = np.maximum(label, np.sqrt(np.clip(1 - away / (width + 1), 0, 1)))
    return label


def _area(score: FloatArray, order: IntArray, events: Sequence[Event], width: int) -> float:
    label = soft_labels(score.size, events, width)
    ranked = score[order]
    steps = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), score.size - 1)
    gained = np.cumsum(label[order])[steps]
    precision = gained / (steps + 1)
    hard = sum(until - since for since, until, _ in events)
    peaks = np.array([score[since:until].max() for since, until, _ in events])
    reached = (peaks[None, :] >= ranked[steps][:, None]).mean(axis=1)
    recall = np.minimum(gained / ((label.sum() + hard) / 2), 1.0) * reached
    return float((np.diff(recall, prepend=0.0) * precision).sum())
