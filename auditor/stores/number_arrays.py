"""PostgreSQL's arrays of integers read as numpy's, without a Python number for each."""

from __future__ import annotations

import numpy as np
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Loader
from psycopg.postgres import types
from psycopg.pq import Format

from baselines.series import IntArray

HEAD = 20
"""Bytes before the first number of an array with one dimension: how many dimensions, whether there
are nulls, the numbers' type, how many they are, and the first one's subscript."""


class _Numbers(Loader):
    """One dimension, no nulls; the columns that are read so have a check, or are made by us."""

    format = Format.BINARY
    cell = np.dtype([])
    """Of one number: each comes after its own length."""

    def load(self, data: Buffer) -> IntArray:
        """Shape (n,)."""
        raw = bytes(data)
        if len(raw) < HEAD:
            return np.empty(0, dtype=np.int64)
        return np.frombuffer(raw, self.cell, offset=HEAD)["number"].astype(np.int64)


class SmallNumbers(_Numbers):
    """Of smallint[]."""

    cell = np.dtype([("length", ">i4"), ("number", ">i2")])


class LargeNumbers(_Numbers):
    """Of bigint[]."""

    cell = np.dtype([("length", ">i4"), ("number", ">i8")])


def read_as_numpy(context: AdaptContext) -> None:
    """From now on a cursor, or a connection, reads smallint[] and bigint[] so, in binary."""
    adapters = context.adapters
    assert adapters is not None  # a cursor and a connection have them
    adapters.register_loader(types["int2"].array_oid, SmallNumbers)
    adapters.register_loader(types["int8"].array_oid, LargeNumbers)
