"""Folders without what git leaves out of them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from gemini_embed import ConfigurationError, EdgeStore, Embedder, InputError, MultimodalIndex
from gemini_embed.indexing.choosing import Choice
from gemini_embed.indexing.walking import walked
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

GIT = shutil.which("git")
NAMES = ("a", "b", "c.log", "d.txt", "build", "e f")


@pytest.fixture
def index(make_embedder: Callable[..., Embedder], tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "store")) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository, in it a folder with rules of its own."""
    filled(
        tmp_path / "repository",
        {
            ".git/info/exclude": "private.md\n",
            ".gitignore": "*.log\nbuild/\n/docs/top.md\n!keep.log\n",
            "docs/.gitignore": "\ufeff*.md\r\n!a.md\r\n",
            "docs/a.md": "one",
            "docs/b.md": "two",
            "docs/c.txt": "three",
            "docs/c.log": "four",
            "docs/keep.log": "five",
            "docs/top.md": "six",
            "docs/private.md": "seven",
            "docs/build/d.txt": "eight",
            "docs/deep/a.md": "nine",
            "docs/deep/e.md": "ten",
        },
    )
    return tmp_path / "repository" / "docs"


def filled(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())


def sources(index: MultimodalIndex, folder: Path) -> list[str]:
    found = (record.source or "" for batch in index.store.iterate(with_vectors=False) for record in batch.records)
    return sorted(Path(one).relative_to(folder).as_posix() for one in found)


KEPT = ["a.md", "c.txt", "deep/a.md", "keep.log"]


async def test_nested_rules_and_those_above(folder: Path, index: MultimodalIndex) -> None:
    """The nearest file that says anything decides, and those above the folder count up to the repository's top."""
    await index.aadd(folder, respect_gitignore=True)
    assert sources(index, folder) == KEPT
    assert index.estimate([folder], respect_gitignore=True).known == len(KEPT)


@pytest.mark.parametrize(
    ("pattern", "kept"),
    [("**/*", KEPT), ("*", ["a.md", "c.txt", "keep.log"]), ("build/*.txt", None), ("b.md", ["b.md"])],
)
def test_globs(pattern: str, kept: list[str] | None, folder: Path, index: MultimodalIndex) -> None:
    """A file that is named comes in, whatever is said of it."""
    if kept is None:
        with pytest.raises(InputError, match="matches no file"):
            index.add(str(folder / pattern), respect_gitignore=True)
        return
    index.add(str(folder / pattern), respect_gitignore=True)
    assert sources(index, folder) == kept


def test_folders_in_a_list(folder: Path, index: MultimodalIndex) -> None:
    index.add([folder], respect_gitignore=True)
    assert sources(index, folder) == KEPT


def test_nothing_is_left_out_unasked(folder: Path, index: MultimodalIndex) -> None:
    assert index.add(folder).added == 10


def test_sync_removes_what_is_left_out_now(folder: Path, index: MultimodalIndex) -> None:
    """And what was removed comes back without the option, or with other rules."""
    index.sync(folder)
    report = index.sync(folder, respect_gitignore=True)
    assert (report.added, report.removed) == (0, 6)
    assert sources(index, folder) == KEPT
    (folder / ".gitignore").write_text("*.txt")
    report = index.sync(folder, respect_gitignore=True)
    assert (report.added, report.removed) == (2, 1)
    assert sources(index, folder) == ["a.md", "b.md", "deep/a.md", "deep/e.md", "keep.log"]


def test_without_a_repository(tmp_path: Path, index: MultimodalIndex) -> None:
    """The rules of the folder and those below count, and none above it."""
    files = {".gitignore": "*", "docs/.gitignore": "b.md", "docs/a.md": "one", "docs/b.md": "two"}
    filled(tmp_path / "plain", files)
    index.add(tmp_path / "plain" / "docs", respect_gitignore=True)
    assert sources(index, tmp_path / "plain" / "docs") == ["a.md"]


def test_an_option_that_is_none(folder: Path, index: MultimodalIndex) -> None:
    with pytest.raises(ConfigurationError, match="respect_gitignore"):
        index.add(folder, respect_gitignore="yes")  # type: ignore[arg-type]  # on purpose


PATTERN = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "", "!", "/", "#", "\\"]),
        st.sampled_from(
            [*NAMES, "*", "*.log", "**", "[ab]", "?", "a/b", "**/b", "a/**", "a/*", "x/**", "build/d.txt", " "]
        ),
        st.sampled_from(["", "", "/", " ", "/**"]),
    ),
)
RULES = st.lists(PATTERN, max_size=5).map("\n".join)


@pytest.mark.skipif(GIT is None, reason="git is not installed")
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(RULES, RULES, RULES)
@example("build/**/", "**/\n!a", "")
@example("/**/\n!x\n!build", "", "")
@example("**/**/\n!x/\n!build", "", "")
@example("/a2/**/**/ ", "", "**/build/**/")
@example("[[:alpha:]]\n[^[:alpha:]x]*", "![[:lower:][:digit:]]", "[[a]*\n*[[]")
def test_as_git_does(tmp_path_factory: pytest.TempPathFactory, top: str, inner: str, excluded: str) -> None:
    """What git would add, of a tree of names, is what comes in."""
    folder = tmp_path_factory.mktemp("git")
    names = [*NAMES[:4], *(f"{one}/{two}" for one in ("x", "build") for two in NAMES[:4]), "a2/b/d.txt", "build/y/a"]
    filled(folder, dict.fromkeys(names, "text") | {".gitignore": top, "x/.gitignore": inner})
    run = [str(GIT), "-C", str(folder), "-c", "core.excludesFile="]
    subprocess.run([*run, "init", "--quiet"], check=True)  # noqa: S603 - our own command
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "exclude").write_text(excluded)
    listed = subprocess.run(  # noqa: S603 - our own command
        [*run, "ls-files", "-z", "--others", "--exclude-standard"], check=True, capture_output=True, text=True
    )
    expected = {name for name in listed.stdout.split("\0") if name and ".gitignore" not in name}
    found = (path for path in walked(folder, choice=Choice(respect_gitignore=True)) if isinstance(path, Path))
    assert {path.relative_to(folder).as_posix() for path in found} == expected
