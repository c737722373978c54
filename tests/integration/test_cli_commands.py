"""The command on a real folder, by the emulator: what is told, written and refused, and the exit codes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from fix_cli import HOME, Command
from gemini_embed_emulator import Emulator


def test_a_folder_is_synced_searched_and_told(command: Command, home: Path) -> None:
    """From a fresh folder; what is there is not embedded again, and what is gone goes."""
    first = command("sync", "--emulator", "--json")
    assert (first.code, json.loads(first.out)["added"]) == (0, 7)
    assert json.loads(first.out)["usd"] == 0.0

    found = command("search", "water", "shut-off", "--emulator", "-k", 3)
    assert found.code == 0
    assert found.out.splitlines()[0].split()[2:4] == ["pdf", "house-manual.pdf#page=2"]
    assert "\x1b" not in found.out

    (home / "garden.md").unlink()
    again = json.loads(command("sync", "--emulator", "--json").out)
    assert (again["added"], again["reused"], again["removed"]) == (0, 6, 1)

    told = json.loads(command("status", "--emulator", "--json").out)
    assert (told["records"], told["service"], told["model"]) == (6, "emulator", "gemini-embedding-2")
    assert told["by_source"] == {"house-manual.pdf": 4, "bicycle.md": 1, "recipes.md": 1}


def test_one_query_of_words_and_a_file(command: Command, home: Path) -> None:
    """As JSON: places are told from the folder, and kinds and filters hold."""
    command("sync", "--emulator")
    (home.parent / "asked.md").write_text("Slice four red apples thinly", "utf-8")
    ran = command("search", "cake", home.parent / "asked.md", "--emulator", "--kind", "text", "--json", "-k", 2)
    answer = json.loads(ran.out)
    assert answer["folder"] == str(home)
    assert [hit["modality"] for hit in answer["hits"]] == ["text", "text"]
    assert (answer["hits"][0]["rank"], answer["hits"][0]["source"]) == (1, "recipes.md")

    page = json.loads(command("search", "fuse", "--emulator", "--filter", "page_start=3", "--json").out)["hits"]
    assert [(hit["page"], hit["link"]) for hit in page] == [(3, "house-manual.pdf#page=3")]


def test_words_are_found_where_the_index_keeps_them(command: Command, home: Path) -> None:
    """By the command and by the page: words in quotes must occur then."""
    from gemini_embed_cli.folder import OpenFolder, settings
    from gemini_embed_cli.serving.page.answering import Answers
    from gemini_embed_cli.serving.page.asking import Asked

    typed = '"chain" of my garden'
    command("sync", "--emulator")
    assert len(json.loads(command("search", typed, "--emulator", "--json").out)["hits"]) == 7
    kept = command("optimize", "--words", "--emulator")
    assert (kept.code, "words kept" in command("status", "--emulator").out) == (0, True), kept.err

    found = json.loads(command("search", typed, "--emulator", "--json").out)["hits"]
    assert [hit["source"] for hit in found] == ["bicycle.md"]
    with OpenFolder(settings({"folder": home, "emulator": True}), confined=True) as opened:
        hits = Answers(opened).answer(Asked(words=typed))["hits"]
    assert [hit["source"] for hit in hits] == ["bicycle.md"]


def test_nothing_found_is_exit_code_1(command: Command, home: Path) -> None:
    command("sync", "--emulator")
    ran = command("search", "bees", "--emulator", "--kind", "audio")
    assert (ran.code, ran.out, ran.err) == (1, "", "nothing found\n")


def test_the_last_search_is_clipped_and_opened(
    command: Command, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of a PDF as a PDF; the browser is told the page."""
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    command("sync", "--emulator")
    command("search", "water", "--emulator", "--kind", "pdf")
    ran = command("clip", 1, "-o", tmp_path / "cut.pdf", "--emulator")
    assert ran.code == 0
    assert (tmp_path / "cut.pdf").read_bytes().startswith(b"%PDF")

    assert command("search", "--open", 1, "--emulator").code == 0
    assert opened == [f"file://{home}/house-manual.pdf#page=2"]

    ran = command("clip", 1, "-o", tmp_path / "cut.mp3", "--emulator")
    assert (ran.code, "cut.mp3 is named as if" in ran.err, "usually .pdf" in ran.err) == (0, True, True)

    ran = command("clip", 99, "--emulator")
    assert (ran.code, "there is no hit 99" in ran.err) == (2, True)

    (home / ".gemini-embed/emulator/last-search.json").write_text("{", "utf-8")
    ran = command("clip", 1, "--emulator")
    assert (ran.code, "search again" in ran.err) == (2, True)


def test_a_page_of_hits(command: Command, home: Path, tmp_path: Path) -> None:
    """In which what was typed is no markup."""
    command("sync", "--emulator")
    command("search", "<b>water", "--emulator", "--html", tmp_path / "hits.html")
    page = (tmp_path / "hits.html").read_text("utf-8")
    assert "<b>" not in page
    assert "“\\u003cb>water”" in page, "in JSON, which the page shows as text"
    assert "house-manual.pdf" in page


def test_texts_and_files_are_added(
    command: Command, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside what sync brought; a missing one is a sentence."""
    import io

    command("sync", "--emulator")
    shutil.copy(HOME / "outdoors.md", tmp_path / "outdoors.md")
    monkeypatch.setattr("sys.stdin", io.StringIO("Copper turns green."))
    ran = command("add", tmp_path / "outdoors.md", "--stdin", "--source", "note", "--emulator", "--json")
    assert json.loads(ran.out)["added"] == 2
    hits = json.loads(command("search", "copper green", "--emulator", "--json").out)["hits"]
    assert hits[0]["source"] == "note"

    assert command("add", home / "away.md", "--emulator").code == 2


def test_without_a_key_a_sentence_offers_the_emulator(command: Command, home: Path) -> None:
    for arguments in (("sync",), ("batch", "list")):
        ran = command(*arguments)
        assert (ran.code, ran.out) == (2, "")
        assert "there is no key" in ran.err
        assert "--emulator" in ran.err
    assert not list(home.glob(".gemini-embed/service/vectors*"))


def test_vectors_of_the_other_service_are_told(command: Command, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a key and without; a fresh folder says what to type, and without a key what needs none."""
    for key in ("", "k"):
        monkeypatch.setenv("GEMINI_API_KEY", key)
        ran = command("search", "bees")
        assert (ran.code, f"gemini-embed sync {home}" in ran.err, "--emulator" in ran.err) == (2, True, not key)
    command("sync", "--emulator")
    for key in ("", "k"):
        monkeypatch.setenv("GEMINI_API_KEY", key)
        for verb in ("search", "status"):
            ran = command(verb, *(["bees"] if verb == "search" else []))
            assert (ran.code, "vectors of the emulator only" in ran.err) == (2, True)


def test_prices_are_shown_and_asked_about(
    command: Command, home: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above the limit nothing is sent where nobody can be asked; a limit of cost holds, and what is spent is told."""
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-for-tests")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", emulator.base_url)
    monkeypatch.setenv("GEMINI_EMBED_ASK_ABOVE_USD", "0.000001")
    ran = command("sync")
    assert (ran.code, len(emulator.requests)) == (5, 0)
    assert "--yes" in ran.err

    ran = command("sync", "--max-cost", "0.0000001")
    assert (ran.code, len(emulator.requests)) == (5, 0)

    ran = command("sync", "--yes")
    assert ran.code == 0
    assert "about $" in ran.err
    spent = json.loads(command("status", "--json").out)["spent_usd"]
    assert spent > 0

    (home / "new.md").write_text("Copper turns green.", "utf-8")
    assert command("sync").code == 5
    monkeypatch.setenv("GEMINI_EMBED_ASK_ABOVE_USD", "1")
    ran = command("sync", "--json")
    assert (ran.code, ran.err, json.loads(ran.out)["added"]) == (0, "", 1)
    assert json.loads(command("status", "--json").out)["spent_usd"] > spent


def test_an_estimate_needs_no_key(command: Command, home: Path) -> None:
    """And leaves nothing behind."""
    ran = command("estimate", home, "--json")
    assert (ran.code, json.loads(ran.out)["files"]) == (0, 4)
    assert not (home / ".gemini-embed").exists()


@pytest.mark.slow
def test_another_size_takes_the_place(command: Command, home: Path) -> None:
    """Later searches ask in it, without being told."""
    command("sync", "--emulator")
    assert command("migrate", "--to-dimensions", 256, "--emulator").code == 0
    assert json.loads(command("status", "--emulator", "--json").out)["dimensions"] == 256
    assert command("search", "bees", "--emulator").code == 0
    assert command("migrate", "--to-dimensions", 256, "--emulator").code == 2
    assert command("optimize", "--emulator").code == 0
    assert command("recall", "--emulator", "--json", "--sample", 2).code == 0


@pytest.mark.slow
def test_batch_jobs(command: Command, home: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Submitted, listed and collected, each by a command of its own."""
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-for-tests")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", emulator.base_url)
    assert command("batch", "submit", "--name", "nightly").code == 0
    assert [run["name"] for run in json.loads(command("batch", "list", "--json").out)] == ["nightly"]
    ran = command("batch", "collect", "nightly", "--json")
    assert json.loads(ran.out)["added"] == 7

    emulator.batch_s = 3600
    (home / "new.md").write_text("Copper turns green.", "utf-8")
    assert command("batch", "submit", "--name", "later").code == 0
    assert "cancelled" in command("batch", "cancel", "later").out
    assert command("batch", "cancel", "another").code == 3


def test_the_doctor_says_what_to_type(command: Command, home: Path) -> None:
    """Without a key it is not well; with the emulator it is."""
    ran = command("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(ran.out)}
    assert ran.code == 1
    assert checks["key"]["todo"] == "set GEMINI_API_KEY, or add --emulator"

    ran = command("doctor", "--emulator")
    assert ran.code == 0
    assert "answered with 768 numbers" in ran.out


def test_a_file_that_cannot_be_written_is_a_sentence(command: Command, home: Path) -> None:
    command("sync", "--emulator")
    ran = command("search", "bees", "--emulator", "--html", home / "away/hits.html")
    assert (ran.code, "away/hits.html: No such file" in ran.err, "Traceback" in ran.err) == (2, True, False)


def test_files_are_chosen(command: Command, home: Path) -> None:
    """As a .gitignore says it; the folder's own settings are no document."""
    (home / "gemini-embed.toml").write_text("emulator = true\ndimensions = 128\n", "utf-8")
    command("sync", "--exclude", "*.pdf", "--exclude", "garden.md")
    assert sorted(json.loads(command("status", "--json").out)["by_source"]) == ["bicycle.md", "recipes.md"]
    assert json.loads(command("sync", "--include", "*.md", "--json").out)["added"] == 1
    assert json.loads(command("status", "--json").out)["dimensions"] == 128


@pytest.mark.parametrize(
    "arguments", [("serch",), ("search", "x", "--kind", "taste"), ("search",), ("sync", "--folder", "/away")]
)
def test_what_cannot_be_done_is_exit_code_2(command: Command, home: Path, arguments: tuple[str, ...]) -> None:
    ran = command(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err


def test_an_index_elsewhere_leaves_the_folder_alone(command: Command, home: Path, tmp_path: Path) -> None:
    """`--store edge:PATH`: what cannot be written is searched, and only `clip` and `--open` know nothing of it."""
    (home / ".gemini-embed").write_text("in the way of a folder", "utf-8")
    there = ("--store", f"edge:{tmp_path / 'elsewhere'}", "--emulator")
    assert json.loads(command("sync", *there, "--json").out)["added"] == 7
    ran = command("search", "water shut-off", *there, "--json")
    assert (ran.code, json.loads(ran.out)["hits"][0]["link"]) == (0, "house-manual.pdf#page=2")
    assert "will not know this search" in ran.err
    assert json.loads(command("status", *there, "--json").out)["records"] == 7


@pytest.mark.slow
def test_an_index_in_milvus(command: Command, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of Milvus Lite, named from the folder on; `qdrant:` and `milvus:` need a place after them."""
    there = ("--store", "milvus:../vectors.db", "-C", home, "--emulator")
    monkeypatch.chdir("/")
    assert json.loads(command("sync", *there, "--json").out)["added"] == 7
    hits = json.loads(command("search", "water shut-off", *there, "--json").out)["hits"]
    assert hits[0]["link"] == "house-manual.pdf#page=2"
    assert json.loads(command("status", *there, "--json").out)["records"] == 7
    assert (tmp_path / "vectors.db").exists()
    for none in ("milvus:", "qdrant:", "lance:there"):
        ran = command("search", "water", "--store", none, "--emulator")
        assert (ran.code, "it is edge:PATH, qdrant:URL or milvus:URI" in ran.err) == (2, True)


@pytest.mark.parametrize(("answer", "code"), [("Yes\n", 0), ("\n", 5)])
def test_a_person_is_asked_about_a_price(
    command: Command, home: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    """Above the limit, on a terminal; what is no yes is a no, and nothing is sent."""
    import io
    import sys

    for other in ("bicycle.md", "garden.md", "house-manual.pdf"):
        (home / other).unlink()
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-for-tests")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", emulator.base_url)
    monkeypatch.setenv("GEMINI_EMBED_ASK_ABOVE_USD", "0.000001")
    typed = io.StringIO(answer)
    monkeypatch.setattr(typed, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", typed)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    ran = command("sync")
    assert ran.code == code
    assert "Go on? [y/N]" in ran.err
    assert bool(emulator.requests) == (code == 0)
