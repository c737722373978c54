"""The ledger of batch jobs: whose keys are under way, who works on what, and that older versions open the file."""

from __future__ import annotations

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gemini_embed import CacheError, VectorCache
from gemini_embed.batch_jobs.ledger import JobRow, Ledger
from gemini_embed.batch_jobs.rows import COLUMNS, values_of
from gemini_embed.cache_file import SCHEMA_VERSION

KEYS = tuple(bytes([i]) * 32 for i in range(6))


def row(part: int, *keys: bytes) -> JobRow:
    keys = keys or KEYS
    return JobRow(
        display_name=f"gemini-embed/run/{part}/0123456789abcdef",
        run="run",
        part=part,
        service="developer",
        model="gemini-embedding-2",
        keys=keys,
        checks={keys[0]: np.array([0.5, -0.25], dtype=np.float32)},
        likely={"text": 70, "image": 258},
        usd=0.25,
        refs=("files/a",),
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(VectorCache(tmp_path / "vectors.db"))


def test_a_row_comes_back_as_it_was(ledger: Ledger) -> None:
    written = row(0, *KEYS)
    assert ledger.intend(written, "me", 30) == frozenset()
    read = ledger.get(written.display_name)
    assert read is not None
    assert replace(read, checks={}) == replace(written, checks={})
    assert np.array_equal(read.checks[KEYS[0]], written.checks[KEYS[0]])
    assert (read.items, read.tokens, read.is_under_way) == (6, 328, True)
    assert ledger.get("another") is None


def test_a_key_is_in_one_job_at_a_time(ledger: Ledger) -> None:
    """What is refused writes nothing."""
    one, other = row(0, *KEYS[:3]), row(1, *KEYS[2:])
    ledger.intend(one, "me", 30)
    assert ledger.intend(other, "you", 30) == frozenset({KEYS[2]})
    assert ledger.get(other.display_name) is None
    assert ledger.under_way(KEYS) == dict.fromkeys(KEYS[:3], one.display_name)


@pytest.mark.parametrize("end", ["collected", "lost", "remove"])
def test_keys_are_free_after_the_end(end: str, ledger: Ledger) -> None:
    one = row(0, *KEYS)
    ledger.intend(one, "me", 30)
    ledger.lost(one.display_name, "why") if end == "lost" else getattr(ledger, end)(one.display_name)
    assert ledger.under_way(KEYS) == {}
    assert ledger.intend(row(1, *KEYS), "me", 30) == frozenset()
    kept = ledger.get(one.display_name)
    assert (kept and kept.state) == (None if end == "remove" else end)


def test_a_job_s_life(ledger: Ledger) -> None:
    one = row(0, *KEYS)
    ledger.intend(one, "me", 30)
    ledger.uploaded(one.display_name, "files/1")
    assert ledger.may_send(one.display_name, "me", 30)
    sent = ledger.get(one.display_name)
    assert sent is not None
    assert (sent.state, sent.input_ref, sent.is_sent, sent.name) == ("intended", "files/1", True, None)
    ledger.refused(one.display_name)
    ledger.created(one.display_name, "batches/1")
    made = ledger.get(one.display_name)
    assert made is not None
    assert (made.state, made.is_sent, made.name) == ("created", False, "batches/1")
    assert ledger.next_part("run") == 1
    assert ledger.next_part("another") == 0


def test_what_is_to_be_taken_away_is_known_until_it_is(ledger: Ledger) -> None:
    one = row(0, *KEYS)
    ledger.intend(one, "me", 30)
    ledger.uploaded(one.display_name, "files/1")
    assert ledger.left_over(one.service, one.model) == [], "it is needed"
    ledger.collected(one.display_name)
    assert [left.input_ref for left in ledger.left_over(one.service, one.model)] == ["files/1"]
    ledger.cleared(one.display_name)
    assert ledger.left_over(one.service, one.model) == []


def test_one_worker_at_a_time(ledger: Ledger) -> None:
    """Until its lease is over, or it lets go."""
    one = row(0, *KEYS)
    ledger.intend(one, "me", 30)
    name = one.display_name
    assert [ledger.take(name, who, 30) for who in ("you", "me")] == [False, True]
    ledger.release("you")
    assert not ledger.take(name, "you", 30)
    ledger.release("me", name)
    assert ledger.take(name, "you", -1)  # over at once
    assert ledger.take(name, "me", 30)
    ledger.extend("me", -1)
    assert ledger.take(name, "you", 30)
    assert not ledger.take("no such job", "you", 30)


def test_only_who_holds_a_row_may_send_it(ledger: Ledger) -> None:
    one = row(0, *KEYS)
    ledger.intend(one, "me", -1)  # slept through its lease
    assert ledger.take(one.display_name, "you", 30)
    assert [ledger.may_send(one.display_name, who, 30) for who in ("me", "you")] == [False, True]
    ledger.lost(one.display_name, "no list shows it")
    assert not ledger.may_send(one.display_name, "you", 30)


def test_what_another_process_has_noted_is_not_written_over(ledger: Ledger) -> None:
    """Whoever comes late learns that it is late."""
    one, other = row(0, *KEYS[:2]), row(1, *KEYS[2:])
    for each in (one, other):
        ledger.intend(each, "me", 30)
    assert ledger.given_up(one.display_name, "no list shows it")
    assert not ledger.created(one.display_name, "batches/1")
    assert ledger.created(other.display_name, "batches/2")
    assert ledger.created(other.display_name, "batches/2"), "it was adopted by somebody, and is the same"
    assert not ledger.given_up(other.display_name, "no list shows it")
    ledger.refused(other.display_name)
    states = [(kept.state, kept.name) for kept in ledger.rows("developer", "gemini-embedding-2", under_way=False)]
    assert states == [("lost", None), ("created", "batches/2")]
    assert ledger.under_way(KEYS) == dict.fromkeys(KEYS[2:], other.display_name)


@pytest.mark.parametrize("part", [0, 7], ids=["by-one-name", "by-two-names"])
def test_a_job_that_is_exchanged(part: int, ledger: Ledger) -> None:
    """Its keys are never free, and what is to be taken away is known by a name of its own."""
    ledger.intend(row(0, *KEYS), "me", 30)
    ledger.may_send(row(0).display_name, "me", 30)
    ledger.created(row(0).display_name, "batches/1")
    ours = ledger.get(row(0).display_name)
    assert ours is not None
    other = replace(row(part, *KEYS), state="created", name="batches/2", refs=())
    gone = ledger.exchange(ours, other)
    assert gone is not None
    left = {row.display_name: row.name for row in ledger.rows("developer", ours.model, under_way=False)}
    assert left == {other.display_name: "batches/2", gone.display_name: "batches/1"}
    assert [row.name for row in ledger.left_over("developer", ours.model)] == ["batches/1"]
    assert ledger.under_way(KEYS) == dict.fromkeys(KEYS, other.display_name)
    assert ledger.exchange(ours, other) is None, "it is done"


def test_rows_are_those_of_a_service_and_a_model(ledger: Ledger) -> None:
    for part in range(3):
        ledger.intend(row(part, KEYS[part]), "me", 30)
    ledger.collected(row(0, KEYS[0]).display_name)
    assert [one.part for one in ledger.rows("developer", "gemini-embedding-2")] == [1, 2]
    assert [one.part for one in ledger.rows("developer", "gemini-embedding-2", under_way=False)] == [0, 1, 2]
    assert ledger.rows("vertex", "gemini-embedding-2") == ledger.rows("developer", "another") == []
    assert [one.part for one in ledger.of_run(("developer", "gemini-embedding-2"), "run")] == [0, 1, 2]
    (light, _) = ledger.rows("developer", "gemini-embedding-2", light=True)
    assert (light.part, light.tokens, light.keys, light.checks) == (1, 328, (), {})


def test_what_was_learned_of_the_queue_is_believed_for_a_while(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ledger.learned("developer", "m") is None
    ledger.learn("developer", "m", 500_000)
    ledger.learn("developer", "m", 400_000)
    assert ledger.learned("developer", "m") == 400_000
    later = time.time() + 7200
    monkeypatch.setattr(time, "time", lambda: later)
    assert ledger.learned("developer", "m") is None


def test_the_file_is_still_a_cache_of_its_version(ledger: Ledger, tmp_path: Path) -> None:
    """Earlier versions of this library refuse a newer schema, and look at no table but their own."""
    ledger.intend(row(0, *KEYS), "me", 30)
    with sqlite3.connect(tmp_path / "vectors.db") as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION == 1
    db.close()


FIRST_TABLE = """CREATE TABLE batch_jobs (
    display_name TEXT PRIMARY KEY, run TEXT NOT NULL, part INTEGER NOT NULL, service TEXT NOT NULL,
    model TEXT NOT NULL, state TEXT NOT NULL, name TEXT, input_ref TEXT, is_sent INTEGER NOT NULL DEFAULT 0,
    keys BLOB NOT NULL, checks BLOB NOT NULL, likely TEXT NOT NULL, usd REAL NOT NULL, attempt INTEGER NOT NULL,
    refs TEXT NOT NULL, note TEXT NOT NULL DEFAULT '', outcome TEXT NOT NULL DEFAULT '', created_at REAL NOT NULL,
    owner TEXT, lease REAL)"""
FIRST_COLUMNS = (
    "display_name, run, part, service, model, state, name, input_ref, is_sent, keys, checks, likely, usd, attempt, "
    "refs, note, outcome, created_at"
)
"""As the first version of the table had them; its library names them in all that it reads and writes."""


def written_by_the_first_version(db: sqlite3.Connection, one: JobRow) -> None:
    values = dict(zip(COLUMNS.split(", "), values_of(one), strict=True))
    told = [values[column] for column in FIRST_COLUMNS.split(", ")]
    marks = ",".join("?" * len(told))
    with db:
        db.execute(f"INSERT INTO batch_jobs ({FIRST_COLUMNS}, owner, lease) VALUES ({marks}, NULL, NULL)", told)  # noqa: S608 - names


def test_a_file_of_the_first_version(tmp_path: Path) -> None:
    """Its jobs go on, and are of any size, as nobody knows theirs."""
    cache, of = VectorCache(tmp_path / "vectors.db"), ("developer", "gemini-embedding-2")
    cache.use(lambda db: db.execute(FIRST_TABLE))
    cache.use(lambda db: written_by_the_first_version(db, row(0, KEYS[0])))
    cache.close()
    ledger = Ledger(VectorCache(tmp_path / "vectors.db"))
    (old,) = ledger.of_run(of, "run", size=768)
    assert (old.size, old.keys) == (None, (KEYS[0],))
    ledger.intend(replace(row(1, KEYS[1]), size=768), "me", 30)
    ledger.intend(replace(row(2, KEYS[2]), size=3072), "me", 30)
    parts = {size: [one.part for one in ledger.of_run(of, "run", size=size)] for size in (768, 3072, None)}
    assert parts == {768: [0, 1], 3072: [0, 2], None: [0, 1, 2]}


def test_the_first_version_goes_on_with_a_file_of_this_one(ledger: Ledger, tmp_path: Path) -> None:
    """It reads and writes the columns that it knows."""
    ledger.intend(replace(row(0, KEYS[0]), size=768), "me", 30)
    with sqlite3.connect(tmp_path / "vectors.db") as db:
        written_by_the_first_version(db, row(1, KEYS[1]))
        read = db.execute(f"SELECT {FIRST_COLUMNS} FROM batch_jobs ORDER BY part").fetchall()  # noqa: S608 - names
    db.close()
    assert [(values[0], values[9]) for values in read] == [(row(n).display_name, KEYS[n]) for n in range(2)]
    sizes = {one.part: one.size for one in ledger.rows("developer", "gemini-embedding-2")}
    assert sizes == {0: 768, 1: None}


def test_the_column_is_added_once(tmp_path: Path) -> None:
    """By whichever of several processes comes first."""
    VectorCache(tmp_path / "vectors.db").use(lambda db: db.execute(FIRST_TABLE))
    ledgers = [Ledger(VectorCache(tmp_path / "vectors.db")) for _ in range(8)]
    start = threading.Barrier(len(ledgers))

    def asked(ledger: Ledger) -> list[JobRow]:
        start.wait()
        return ledger.rows("developer", "gemini-embedding-2")

    with ThreadPoolExecutor(len(ledgers)) as pool:
        assert [*pool.map(asked, ledgers)] == [[]] * len(ledgers)


def test_a_cache_that_was_never_asked_about_jobs_has_no_tables_of_them(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "vectors.db")
    cache.put("m", {KEYS[0]: np.ones(2, dtype=np.float32)})
    cache.close()
    with sqlite3.connect(tmp_path / "vectors.db") as db:
        assert db.execute("SELECT count(*) FROM sqlite_master WHERE name LIKE 'batch%'").fetchone()[0] == 0
    db.close()


def test_no_text_and_no_key_is_in_the_file(tmp_path: Path) -> None:
    """Only hashes, vectors, names and counts."""
    columns = JobRow.__dataclass_fields__.keys()
    assert not {"text", "texts", "contents", "api_key"} & columns


def test_a_file_that_cannot_be_written_stops_before_a_job(tmp_path: Path) -> None:
    (tmp_path / "vectors.db").write_bytes(b"no database at all, but long enough to be looked at" * 20)
    with pytest.raises(CacheError, match="cannot be used"):
        Ledger(VectorCache(tmp_path / "vectors.db")).intend(row(0, *KEYS), "me", 30)
