"""Lines of a job's results, held back and checked: every key once, wanted, of the right size, finite, not zero."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from gemini_embed import CacheError
from gemini_embed.batch_jobs.answers import CONTRADICTED, MISSING, Answers
from gemini_embed.batch_jobs.verifying import compare, mismatch, some_keys
from numpy.typing import NDArray

SIZE = 8


def _key(number: int) -> bytes:
    return number.to_bytes(2, "big") * 16


@cache
def _vector(number: int) -> list[float]:
    return [float(x) for x in np.random.default_rng(number).standard_normal(SIZE).astype(np.float32)]


def _line(number: int, values: Sequence[float] | None = None, **more: object) -> bytes:
    values = _vector(number) if values is None else values
    return json.dumps({"key": _key(number).hex(), "response": {"embedding": {"values": values}}, **more}).encode()


def _error(number: int, code: int) -> bytes:
    return json.dumps({"key": _key(number).hex(), "error": {"code": code, "message": "m"}}).encode()


def _online(numbers: Sequence[int]) -> dict[bytes, NDArray[np.float32]]:
    return {_key(n): np.array(_vector(n), dtype=np.float32) for n in numbers}


@pytest.fixture
def answers(tmp_path: Path) -> Iterator[Answers]:
    """Of a job of three lines, 0, 1 and 2."""
    with Answers([_key(n) for n in range(3)], SIZE, tmp_path) as held:
        yield held


ALL = [_line(0), _line(1), _line(2)]
BARE = json.dumps({"key": _key(2).hex(), "response": {}}).encode()
SIZED = "its vector has 7 values, 8 were expected"
USELESS = "its vector is not finite or is all zeros"


@pytest.mark.parametrize(
    ("lines", "there", "again"),
    [
        pytest.param(ALL, [0, 1, 2], {}, id="whole"),
        pytest.param(ALL[::-1], [0, 1, 2], {}, id="in-another-order"),
        pytest.param([*ALL, b"", b"  "], [0, 1, 2], {}, id="empty-lines"),
        pytest.param([*ALL, *ALL], [0, 1, 2], {}, id="doubled"),
        pytest.param(ALL[:2], [0, 1], {2: MISSING}, id="one-is-missing"),
        pytest.param([], [], {0: MISSING, 1: MISSING, 2: MISSING}, id="nothing"),
        pytest.param([*ALL[:2], ALL[2][:-9]], [0, 1], {2: MISSING}, id="cut"),
        pytest.param([*ALL, _line(7)], [0, 1, 2], {}, id="a-key-of-nobody"),
        pytest.param([*ALL[:2], _line(2, _vector(2)[:7])], [0, 1], {2: SIZED}, id="another-size"),
        pytest.param([*ALL[:2], _line(2, [0.0] * SIZE)], [0, 1], {2: USELESS}, id="zeros"),
        pytest.param([*ALL[:2], _line(2, [1e300] * SIZE)], [0, 1], {2: USELESS}, id="too-large"),
        pytest.param([*ALL[:2], BARE], [0, 1], {2: "its line has no vector"}, id="bare"),
        pytest.param([*ALL, _line(2, _vector(3))], [0, 1], {2: CONTRADICTED}, id="contradicted"),
        pytest.param([*ALL, _line(2, _vector(3)), ALL[2]], [0, 1], {2: CONTRADICTED}, id="contradicted-for-good"),
        pytest.param([*ALL[:2], _error(2, 13)], [0, 1], {2: "m (code 13)"}, id="failed"),
        pytest.param([*ALL, _error(2, 13), _error(1, 3)], [0, 1, 2], {}, id="a-vector-outweighs-an-error"),
    ],
)  # fmt: skip
def test_what_can_be_trusted(answers: Answers, lines: list[bytes], there: list[int], again: dict[int, str]) -> None:
    """Each vector under its own key, and all others named with the reason."""
    answers.take(lines)
    answers.end()
    assert sorted(answers.keys()) == [_key(n) for n in there]
    assert answers.again == {_key(n): why for n, why in again.items()}
    assert answers.refused == {}
    for number in there:
        held = answers.get(_key(number))
        assert held is not None
        assert held.tolist() == _vector(number)


@pytest.mark.parametrize("code", [3, 9, 400])
def test_what_the_service_does_not_take(answers: Answers, code: int) -> None:
    """It is refused, and not asked again."""
    answers.take([*ALL[:2], _error(2, code), _error(2, 13)])
    answers.end()
    assert (list(answers.refused), answers.again) == ([_key(2)], {})


def test_counts(answers: Answers) -> None:
    """Tokens are those of the lines that told them, each once."""
    usage = {"promptTokenCount": 5, "promptTokenDetails": [{"modality": "TEXT", "tokenCount": 5}]}
    told = {"response": {"embedding": {"values": _vector(0)}, "usageMetadata": usage}}
    first = json.dumps({"key": _key(0).hex(), **told}).encode()
    answers.take([first, first, ALL[1]])
    answers.end()
    assert (answers.usage.prompt_tokens, answers.usage.by_modality) == (5, {"TEXT": 5})
    assert (answers.repeated, answers.strange) == (1, 0)


def test_a_job_whose_keys_nobody_knows(tmp_path: Path) -> None:
    """As one that another machine has created: its own file says them."""
    with Answers(None, None, tmp_path) as held:
        held.take([*ALL, _error(3, 13), b'{"key": "h1", "response": {}}'])
        held.end()
        assert sorted(held.keys()) == [_key(n) for n in range(3)]
        assert (held.again, held.strange) == ({_key(3): "m (code 13)"}, 1)


def test_no_counts(answers: Answers) -> None:
    """Nothing told is not zero."""
    answers.take(ALL)
    assert answers.usage.prompt_tokens is None


def test_vectors_come_back_in_blocks(tmp_path: Path) -> None:
    """All of them, each under its key, those beside one that was contradicted too."""
    numbers = list(range(1203))
    with Answers([_key(n) for n in numbers], None, tmp_path) as held:
        held.take([_line(n) for n in numbers])
        held.take([_line(4, _vector(5))])
        blocks = list(held.vectors())
        assert [len(block) for block in blocks] == [500, 500, 202]
        found = {key: row.tolist() for block in blocks for key, row in block.items()}
    assert found == {_key(n): _vector(n) for n in numbers if n != 4}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk(answers: Answers) -> None:
    """It says so, and what becomes of the job."""
    answers.close()
    answers._file = open("/dev/full", "r+b", buffering=0)  # noqa: SIM115 - closed with `answers`
    with pytest.raises(CacheError, match=r"No space left on device; make room .*nothing is lost"):
        answers.take(ALL)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A named error, not one of the operating system."""
    (tmp_path / "file").touch()
    with pytest.raises(CacheError, match="vectors are held there"):
        Answers([], SIZE, tmp_path / "file")


def test_lines_that_agree_and_lines_that_do_not(answers: Answers) -> None:
    """By their cosine, those that are there; the error names the job."""
    answers.take([_line(0), _line(1, [x * 1.0001 for x in _vector(1)]), _line(2, _vector(9))])
    assert compare(answers, _online([0, 1])).apart == []
    compared = compare(answers, _online([0, 1, 2, 3]))
    assert compared.apart == [_key(2)]
    assert len(compared.cosines) == 3
    error = mismatch("batches/x", compared)
    assert str(error).startswith("batches/x: 1 of 3 lines differ from their online vectors, cosines from ")
    assert error.jobs == ("batches/x",)


def test_another_size_never_agrees(answers: Answers) -> None:
    """Rather than failing in the arithmetic."""
    answers.take(ALL)
    assert compare(answers, {_key(0): np.ones(3, dtype=np.float32)}).apart == [_key(0)]


@pytest.mark.parametrize("permutations", [25, pytest.param(1_000, marks=pytest.mark.slow)])
def test_permuted_keys_are_never_trusted(tmp_path: Path, permutations: int) -> None:
    """Whatever way a service mixes up keys, one verified line that moved gives it away."""
    dice = random.Random(12)  # noqa: S311 - repeatable
    numbers = list(range(60))
    for _ in range(permutations):
        moved = _moved(numbers, dice)
        verified = some_keys([_key(n) for n in numbers], 4)
        with Answers([_key(n) for n in numbers], SIZE, tmp_path) as held:
            lines = [_line(n, _vector(other)) for n, other in zip(numbers, moved, strict=True)]
            dice.shuffle(lines)
            held.take(lines)
            held.end()
            online = {key: vector for key, vector in _online(numbers).items() if key in verified}
            wrong = {_key(n) for n, other in zip(numbers, moved, strict=True) if n != other}
            assert set(compare(held, online).apart) == wrong & set(verified)
            if len(wrong) == len(numbers):
                assert compare(held, online).apart


def _moved(numbers: list[int], dice: random.Random) -> list[int]:
    """Rotated, swapped somewhere, or shuffled."""
    way, some = dice.randrange(3), dice.randrange(1, len(numbers))
    if way == 0:
        return numbers[some:] + numbers[:some]
    moved = numbers.copy()
    if way == 1:
        moved[0], moved[some] = moved[some], moved[0]
    else:
        dice.shuffle(moved)
    return moved
