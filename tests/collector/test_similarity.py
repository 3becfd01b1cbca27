"""A cache in front of a language model, by hand: embeddings, their similarity, and what is kept."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from collector import watch
from collector.instrument import Watch
from collector.keys import encode_builtin
from tests.collector.adapters.tape import Tape, stored, tape_in

Vector = np.ndarray[Any, np.dtype[np.float32]]


@pytest.fixture
def tape(tmp_path: Path) -> Iterator[Tape]:
    with tape_in(tmp_path) as made:
        yield made


@pytest.fixture
def answers(tape: Tape) -> Watch:
    return watch("answers", "new", collector=tape.collector)


def embed(text: str) -> Vector:
    """How often each pair of letters follows one another, as a vector of length one."""
    words = " ".join(text.lower().replace("?", "").split())
    vector = np.zeros(27 * 27, dtype=np.float32)
    for pair, number in Counter(pairwise(words)).items():
        first, second = (0 if letter == " " else ord(letter) - 96 for letter in pair)
        vector[first * 27 + second] = number
    return vector / (np.linalg.norm(vector) or 1)


class Nearest(NamedTuple):
    answer: str
    score: np.float32


class SemanticCache:
    """Answers by the likeness of their questions."""

    def __init__(self) -> None:
        self.vectors: list[Vector] = []
        self.answers: list[str] = []

    def put(self, question: str, answer: str) -> None:
        self.vectors.append(embed(question))
        self.answers.append(answer)

    def nearest(self, question: str) -> Nearest | None:
        if not self.vectors:
            return None
        scores = np.stack(self.vectors) @ embed(question)
        best = int(scores.argmax())
        return Nearest(self.answers[best], scores[best])


QUESTIONS = [
    "How do I reset my password?",
    "how do i reset my passwords",
    "What does the premium plan cost?",
]


def test_a_hit_is_a_similarity_and_is_kept(tape: Tape, answers: Watch) -> None:
    """By the decorator: of hits and of misses, as the number that the array library computed."""
    cache = SemanticCache()
    looked_up: list[Nearest | None] = []

    @answers.lookup(similarity=lambda nearest: nearest and nearest.score, threshold=0.9)
    def nearest(question: str) -> Nearest | None:
        looked_up.append(cache.nearest(question))
        return looked_up[-1]

    assert nearest(QUESTIONS[0]) is None
    cache.put(QUESTIONS[0], "By the link.")
    found = nearest(QUESTIONS[1])
    assert found is looked_up[-1]
    other = nearest(QUESTIONS[2])
    assert found is not None
    assert other is not None
    assert found.score > 0.9 > other.score
    rows = tape.rows()
    assert [row.operation_type for row in rows] == ["miss", "hit", "miss"]
    kept = [json.loads(row.metadata or "{}") for row in rows]
    assert "similarity" not in kept[0]
    assert [each["similarity"] for each in kept[1:]] == [float(found.score), float(other.score)]
    assert [row.cache_key for row in rows] == [stored(question) for question in QUESTIONS]


def test_a_miss_lasts_as_long_as_the_model_takes(tape: Tape, answers: Watch) -> None:
    """By the context: the similarity is said with the outcome, whatever its type."""
    cache = SemanticCache()
    asked: list[str] = []

    def model(question: str) -> str:
        asked.append(question)
        return f"about {question}"

    def answer(question: str) -> str:
        with answers.get(question) as lookup:
            found = cache.nearest(question)
            if found is not None and found.score >= 0.9:
                lookup.hit(similarity=found.score)
                return found.answer
            lookup.miss(similarity=None if found is None else found.score)
            made = model(question)
        with answers.set(question):
            cache.put(question, made)
        return made

    assert answer(QUESTIONS[0]) == answer(QUESTIONS[1]) == f"about {QUESTIONS[0]}"
    assert answer(QUESTIONS[2]) == f"about {QUESTIONS[2]}"
    assert asked == [QUESTIONS[0], QUESTIONS[2]]
    rows = tape.rows()
    assert [row.operation_type for row in rows] == ["miss", "set", "hit", "miss", "set"]
    first, hit, second = (json.loads(rows[place].metadata or "{}") for place in (0, 2, 3))
    assert first["similarity"] is None
    assert 0.9 <= hit["similarity"] <= 1.0
    assert second["similarity"] < 0.9
    assert second["lookup_ms"] < rows[3].response_time_ms


@pytest.mark.parametrize(
    ("score", "outcome", "kept"),
    [
        (np.float32(0.5), "hit", 0.5),
        (np.float64(0.25), "miss", 0.25),
        (np.array(0.75), "hit", 0.75),
        (np.int64(1), "hit", 1.0),
        (float("nan"), "miss", None),
        (np.float32("inf"), "hit", None),
        (None, "miss", None),
        ("much", "miss", None),
        (np.array([0.5, 0.6]), "miss", None),
    ],
    ids=str,
)
def test_every_kind_of_number_is_kept_or_left_out(
    tape: Tape, answers: Watch, score: Any, outcome: str, kept: float | None
) -> None:
    """No event is refused for it, and nothing reaches the caller."""

    @answers.lookup(similarity=lambda found: found, threshold=0.5)
    def nearest(question: str) -> Any:
        return score

    assert nearest("a question") is score
    (row,) = tape.rows()
    assert row.operation_type == outcome
    assert json.loads(row.metadata or "{}").get("similarity") == kept


def test_other_metadata_of_an_array_library_is_plain_too(tape: Tape, answers: Watch) -> None:
    with answers.get("a question") as lookup:
        lookup.hit(rank=np.int32(3), exact=np.bool_(False), vector=np.zeros(3), of=object())
    (row,) = tape.rows()
    assert json.loads(row.metadata or "{}") == {"rank": 3, "exact": False}


def test_hit_says_more_than_the_threshold(tape: Tape, answers: Watch) -> None:
    """An own outcome, and other metadata beside the similarity."""

    @answers.lookup(
        hit=lambda found: found["usable"],
        similarity=lambda found: found["score"],
        metadata=lambda found: {"model": found["model"]},
    )
    def nearest(question: str) -> dict[str, Any]:
        return {"usable": False, "score": 0.99, "model": "small"}

    nearest("a question")
    (row,) = tape.rows()
    kept = json.loads(row.metadata or "{}")
    assert row.operation_type == "miss"
    assert (kept["similarity"], kept["model"]) == (0.99, "small")


def test_an_embedding_as_the_key_costs_the_key_alone(tape: Tape) -> None:
    """With the encoder for plain values; a key of its own is better."""
    answers = watch("answers", "new", collector=tape.collector, encode_key=encode_builtin)

    @answers.lookup()
    def by_vector(vector: Vector) -> str:
        return "an answer"

    @answers.lookup(key=lambda vector, tenant: (tenant, vector.tobytes()))
    def by_tenant(vector: Vector, tenant: str) -> str:
        return "an answer"

    vector = embed(QUESTIONS[0])
    by_vector(vector)
    by_tenant(vector, "one")
    keyless, keyed = tape.rows()
    assert keyless.cache_key == ""
    assert keyed.cache_key == stored(("one", vector.tobytes()), encode_builtin)


def test_a_threshold_needs_a_similarity(answers: Watch) -> None:
    with pytest.raises(ValueError, match="give similarity="):
        answers.lookup(threshold=0.9)
