"""Batches, beats and receipts as they travel over HTTP: JSON, checked where it comes from outside.

A row or weight that is not of the agreed form is refused by its place; the rest of its batch is
good. Whatever else is wrong makes the whole body unreadable.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

from collector.batch import Batch, Beat
from collector.errors import CollectorError
from collector.events import Row
from collector.parts import LARGEST_SEQUENCE, NUMBERS
from collector.polled import Gauge, ServerState
from collector.sinks.sink import Receipt, RefusedRow
from collector.weights import Weight

KINDS: Mapping[str, type[Any]] = {"rows": Row, "weights": Weight, "gauges": Gauge}
MOST_ITEMS = 100_000
LONGEST_NODE = 255
_BIGINT = 2**63


class UnreadableBody(CollectorError):
    """What came is not of the agreed form; the text says where."""


@dataclass(frozen=True, slots=True)
class RefusedItem:
    """The index-th of a body's rows or weights, and why it is refused."""

    kind: str
    index: int
    reason: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """A batch out of a body. places: of each good item by its id(), where it was in the body."""

    batch: Batch
    places: Mapping[int, tuple[str, int]]
    refused: tuple[RefusedItem, ...]


# Out -------------------------------------------------------------------------------------------


def pack_batch(batch: Batch) -> bytes:
    """The body of a delivery, the beat with it."""
    content: dict[str, Any] = {
        "collector_id": batch.collector_id,
        "sequence": batch.sequence,
        "node": batch.node,
        "beat": None if batch.beat is None else asdict(batch.beat),
    }
    content |= {kind: getattr(batch, kind) for kind in KINDS}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def pack_beat(beat: Beat) -> bytes:
    """The body of a sign of life."""
    return json.dumps(asdict(beat), ensure_ascii=False).encode()


def receipt_of(arrived: Arrived, receipt: Receipt) -> dict[str, Any]:
    """The answer to a delivery: what was refused, by its place in the body."""
    refused = list(arrived.refused)
    for bad in receipt.refused:
        kind, index = arrived.places[id(bad.item)]
        refused.append(RefusedItem(kind, index, bad.reason))
    return {
        "duplicate": receipt.duplicate,
        "events": receipt.events,
        "weights": receipt.weights,
        "refused": [asdict(each) for each in refused],
    }


# In --------------------------------------------------------------------------------------------


def unpack_batch(body: bytes) -> Arrived:
    """What `pack_batch` wrote. Raises UnreadableBody."""
    found = _document(body)
    collector_id = _uuid(found.get("collector_id"), "collector_id")
    sequence = _sequence(found.get("sequence"))
    node = _node(found.get("node", ""), "node")
    beat = None if found.get("beat") is None else _beat(found["beat"], "beat.")
    places: dict[int, tuple[str, int]] = {}
    refused: list[RefusedItem] = []
    items: dict[str, Any] = {
        kind: _items(found.get(kind, []), kind, places, refused) for kind in KINDS
    }
    batch = replace(Batch(collector_id, sequence, node=node, beat=beat), **items)
    return Arrived(batch, places, tuple(refused))


def unpack_beat(body: bytes) -> Beat:
    """What `pack_beat` wrote. Raises UnreadableBody."""
    return _beat(_document(body), "")


def unpack_receipt(body: bytes, batch: Batch) -> Receipt:
    """What became of the batch. Raises UnreadableBody."""
    found = _document(body)
    try:
        return Receipt(
            bool(found["duplicate"]),
            int(found["events"]),
            int(found["weights"]),
            tuple(
                RefusedRow(getattr(batch, each["kind"])[each["index"]], str(each["reason"]))
                for each in found["refused"]
                if each["kind"] in KINDS
            ),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise UnreadableBody(f"the answer is no receipt ({type(error).__name__})") from error


def batch_id(collector_id: str, sequence: int) -> tuple[str, int]:
    """A batch's id, checked. Raises UnreadableBody."""
    return _uuid(collector_id, "collector_id"), _sequence(sequence)


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableBody(f"the body is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise UnreadableBody(f"the body is {_kind(found)}, not a JSON object")
    return found


def _items(
    found: Any, kind: str, places: dict[int, tuple[str, int]], refused: list[RefusedItem]
) -> tuple[Any, ...]:
    if not isinstance(found, list):
        raise UnreadableBody(f"{kind} is {_kind(found)}, not an array")
    if len(found) > MOST_ITEMS:
        raise UnreadableBody(f"{kind} has {len(found)} items; at most {MOST_ITEMS} are taken")
    good = []
    for index, columns in enumerate(found):
        try:
            item = _item(columns, KINDS[kind])
        except UnreadableBody as reason:
            refused.append(RefusedItem(kind, index, str(reason)))
        else:
            places[id(item)] = (kind, index)
            good.append(item)
    return tuple(good)


def _item(columns: Any, made: type[Any]) -> Any:
    forms = _FORMS[made]
    if not isinstance(columns, list) or len(columns) != len(forms):
        raise UnreadableBody(f"not an array of {len(forms)} columns")
    return made(*map(_checked, columns, forms))


@dataclass(frozen=True, slots=True)
class _Form:
    """What a column may hold: None where it is optional, or an array of its kind where many."""

    name: str
    kind: type[Any]
    optional: bool
    many: bool


def _forms_of(made: type[Any]) -> tuple[_Form, ...]:
    """Of each column, by its annotation."""
    found = []
    for name, hint in get_type_hints(made).items():
        optional = isinstance(hint, UnionType)
        if optional:
            (hint,) = [each for each in get_args(hint) if each is not NoneType]
        many = get_origin(hint) is tuple
        found.append(_Form(name, get_args(hint)[0] if many else hint, optional, many))
    return tuple(found)


_FORMS = {made: _forms_of(made) for made in (*KINDS.values(), ServerState, Beat)}


def _checked(value: Any, form: _Form) -> Any:
    """The value as the column has it. Raises UnreadableBody."""
    if value is None and form.optional:
        return None
    if not form.many:
        return _single(value, form)
    if not isinstance(value, list):
        raise UnreadableBody(f"{form.name} is {_kind(value)}, not an array")
    return tuple(_single(each, form) for each in value)


def _single(value: Any, form: _Form) -> Any:
    if form.kind is ServerState:
        return _item(value, ServerState)
    if type(value) is not form.kind:
        if form.kind is float and type(value) is int and abs(value) < _BIGINT:
            return float(value)
        wanted = form.kind.__name__
        raise UnreadableBody(f"{form.name} is {_kind(value)}, where {wanted} belongs")
    if form.kind is int and not -_BIGINT <= value < _BIGINT:
        raise UnreadableBody(f"{form.name} is beyond 64 bits")
    if form.kind is str:
        _encodable(value, form.name)
    return value


def _beat(found: Any, where: str) -> Beat:
    if not isinstance(found, dict):
        raise UnreadableBody(f"{where or 'the body'} is {_kind(found)}, not a JSON object")
    given = {
        form.name: _checked(found[form.name], replace(form, name=f"{where}{form.name}"))
        for form in _FORMS[Beat]
        if form.name in found
    }
    given["collector_id"] = _uuid(given.get("collector_id"), f"{where}collector_id")
    given["node"] = _node(given.get("node", ""), f"{where}node")
    return Beat(**given)


def _uuid(value: Any, where: str) -> str:
    try:
        return str(UUID(value))
    except (ValueError, TypeError, AttributeError):
        raise UnreadableBody(f"{where} is not a UUID") from None


def _sequence(value: Any) -> int:
    if type(value) is not int or not -LARGEST_SEQUENCE * NUMBERS < value < LARGEST_SEQUENCE:
        raise UnreadableBody("sequence is not a number of a batch")
    return value


def _node(value: Any, where: str) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_NODE:
        raise UnreadableBody(f"{where} is not a text of at most {LONGEST_NODE} characters")
    _encodable(value, where)
    return value


def _encodable(value: str, where: str) -> None:
    if "\0" in value:
        raise UnreadableBody(f"{where} has a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UnreadableBody(f"{where} has a lone surrogate") from None


_KINDS: Sequence[tuple[Callable[[Any], bool], str]] = (
    (lambda value: value is None, "null"),
    (lambda value: isinstance(value, bool), "true or false"),
    (lambda value: isinstance(value, int | float), "a number"),
    (lambda value: isinstance(value, str), "a text"),
    (lambda value: isinstance(value, list), "an array"),
)


def _kind(value: Any) -> str:
    return next((name for fits, name in _KINDS if fits(value)), "an object")
