"""What jobs are called, what they may be, and the files that their lines are written to."""

from __future__ import annotations

import re
from typing import Any

import pytest
from gemini_embed import BatchLimits, ConfigurationError, Embedder, RateLimits
from gemini_embed.batch_jobs.limits import staging_place
from gemini_embed.batch_jobs.lines import Lines, Writer
from gemini_embed.batch_jobs.names import JobName, checked_run_name, digest_of, new_run_name
from gemini_embed.models import facts_for
from gemini_embed.preparing import Entry


def test_a_display_name_and_back() -> None:
    name = JobName("2026-11-21-4f2a9c01", 12, digest_of([b"b", b"a"]))
    assert JobName.parse(str(name)) == name
    assert digest_of([b"a", b"b"]) == name.digest


@pytest.mark.parametrize(
    "name",
    [
        "",
        "my batch",
        "gemini-embed/run/0",
        "gemini-embed/run/x/0123456789abcdef",
        "gemini-embed/a/b/0/0123456789abcdef",
        "gemini-embed/run/0/0123456789ABCDEF",
        "gemini-embed//0/0123456789abcdef",
    ],
)
def test_jobs_of_others(name: str) -> None:
    assert JobName.parse(name) is None


def test_runs_have_dated_names_of_their_own() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-[0-9a-f]{8}", new_run_name())
    assert new_run_name() != new_run_name()


@pytest.mark.parametrize("name", ["a", "corpus-2026.11", "x" * 64])
def test_names_as_told(name: str) -> None:
    assert checked_run_name(name) == name


@pytest.mark.parametrize("name", ["", "-a", "a/b", "a b", "é", "x" * 65])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(ConfigurationError, match="must be 1 to 64 letters"):
        checked_run_name(name)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        pytest.param(None, BatchLimits(), id="none"),
        pytest.param({"max_items": 5}, BatchLimits(max_items=5), id="mapping"),
        pytest.param(BatchLimits(max_jobs=3), BatchLimits(max_jobs=3), id="as-it-is"),
    ],
)
def test_limits_as_they_are_told(given: Any, wanted: BatchLimits) -> None:
    assert BatchLimits.of(given) == wanted


@pytest.mark.parametrize(
    "given", [{"max_items": 0}, {"max_jobs": None}, {"max_enqueued_tokens": 1.5}, {"look_again_s": -1}, {"x": 1}, 3]
)
def test_limits_that_cannot_be(given: Any) -> None:
    with pytest.raises(ConfigurationError):
        BatchLimits.of(given)


@pytest.mark.parametrize(
    ("model", "told", "rate_limits", "wanted"),
    [
        pytest.param("gemini-embedding-001", None, "tier1", 500_000, id="known-tier"),
        pytest.param("gemini-embedding-001", None, "free", None, id="tier-without-a-number"),
        pytest.param("gemini-embedding-001", 7, "tier1", 7, id="told"),
        pytest.param("gemini-embedding-001", None, None, None, id="no-tier"),
        pytest.param("gemini-embedding-2", None, "tier1", None, id="unknown-for-this-model"),
    ],
)
def test_what_a_tier_is_known_to_have(
    model: str, told: int | None, rate_limits: str | None, wanted: int | None
) -> None:
    limits = BatchLimits(max_enqueued_tokens=told).known(facts_for(model, "developer"), RateLimits.of(rate_limits))
    assert limits.max_enqueued_tokens == wanted


def test_staging_is_a_place_in_cloud_storage_and_vertex_s() -> None:
    assert staging_place("gs://my-bucket/a/b/", "vertex") == "gs://my-bucket/a/b"
    assert staging_place(None, "vertex") is None
    for place in ("my-bucket", "gs://", "s3://bucket/x", 3):
        with pytest.raises(ConfigurationError, match="must be a place in Cloud Storage"):
            staging_place(place, "vertex")
    with pytest.raises(ConfigurationError, match="belongs to Vertex AI"):
        Embedder(api_key="k", staging="gs://bucket")


def entry(number: int, tokens: int = 10) -> Entry:
    return Entry(number, [str(number)], tokens, 1, key=bytes([number]) * 32)


def text_of(lines: Lines) -> bytes:
    """All of it."""
    lines.file.seek(0)
    return lines.file.read()


LINES = [f'{{"key":{i}}}\n'.encode() for i in range(9)]


@pytest.mark.parametrize(
    ("limits", "max_tokens", "sizes"),
    [
        pytest.param({"max_items": 4}, None, [4, 4, 1], id="items"),
        pytest.param({"max_file_bytes": 30}, None, [3, 3, 3], id="bytes"),
        pytest.param({}, 25, [2, 2, 2, 2, 1], id="tokens"),
        pytest.param({}, 5, [1] * 9, id="a-line-always-fits"),
        pytest.param({}, None, [9], id="all"),
    ],
)
def test_files_are_as_full_as_they_may_be(limits: dict[str, Any], max_tokens: int | None, sizes: list[int]) -> None:
    writer = Writer(BatchLimits(**limits))
    files = []
    for i, line in enumerate(LINES):
        if not writer.fits(entry(i), line, max_tokens):
            files.append(writer.taken())
        writer.add(entry(i), line)
    files.append(writer.taken())
    assert writer.taken() is None
    assert [len(one.entries) for one in files if one] == sizes
    assert b"".join(text_of(one) for one in files if one) == b"".join(LINES)
    for one in files:
        if one:
            one.delete()


def test_lines_are_halved_and_left_out_with_what_belongs_to_them() -> None:
    writer = Writer(BatchLimits())
    for i, line in enumerate(LINES):
        writer.add(entry(i), line, [f"files/{i}"] if i % 4 == 0 else [])
    lines = writer.taken()
    assert lines is not None
    one, other = lines.halves()
    assert (text_of(one), text_of(other)) == (b"".join(LINES[:4]), b"".join(LINES[4:]))
    assert (one.all_refs, other.all_refs) == (("files/0",), ("files/4", "files/8"))
    assert other.likely == {"text": 50}
    left = other.without(frozenset(entry(i).key for i in (4, 6)))
    assert left is not None
    assert text_of(left) == LINES[5] + LINES[7] + LINES[8]
    assert left.all_refs == ("files/8",)
    assert left.without(frozenset(left.keys)) is None
    whole = one.without(frozenset())
    assert whole is not None
    whole.delete()
    assert [one.file.closed, other.file.closed, left.file.closed] == [True, True, True]
