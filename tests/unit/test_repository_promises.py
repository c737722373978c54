"""Promises about the repository itself: one version, nothing of a developer's machine, a reason for every exception."""

from __future__ import annotations

import ast
import re
import tempfile
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

ROOT = Path(__file__).parents[2]
FOLDERS = ("packages", "tests", "docs", "examples", "benchmarks", ".ci", ".github")
TEXT = {".py", ".toml", ".md", ".txt", ".yaml", ".yml", ".json", ".html", ""}
WRITTEN = re.compile(r"__pycache__|\.egg-info|\.quickstart|\.gemini-embed/")
"""What running our programs writes among the files."""
FILES = [
    path
    for path in (*ROOT.glob("*"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*")))
    if path.is_file() and path.suffix in TEXT and not WRITTEN.search(str(path))
]
PYTHON = [path for path in FILES if path.suffix == ".py"]
SILENCED = re.compile(r"# noqa(?:: [A-Z0-9, ]+?)?|# type: ignore(?:\[[a-z, -]+\])?")
WITH_REASON = re.compile(r"(# noqa: [A-Z0-9, ]+?|# type: ignore\[[a-z, -]+\])\s*(#|-)\s*\w")


def projects() -> dict[str, dict[str, Any]]:
    tables = (tomllib.loads(path.read_text("utf-8"))["project"] for path in ROOT.glob("packages/*/pyproject.toml"))
    return {table["name"]: table for table in tables}


def lines(paths: list[Path], pattern: str | re.Pattern[str]) -> list[str]:
    """`file:line` of every line with a match."""
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in paths
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]


def test_one_version() -> None:
    """The five distributions share a number, ask for each other at exactly it, and the changelog begins with it."""
    versions = {project["version"] for project in projects().values()}
    changelog = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    siblings = {
        re.sub(r"\[.*?\]", "", dependency)
        for project in projects().values()
        for dependency in chain(project["dependencies"], *project.get("optional-dependencies", {}).values())
        if "gemini-embed" in dependency
    }

    assert changelog is not None
    assert versions == {changelog[1]}
    assert siblings == {f"{name}=={changelog[1]}" for name in ("gemini-embed", "gemini-embed-emulator")}


@pytest.mark.parametrize("key", ["requires-python", "license", "classifiers"])
def test_distributions_agree(key: str) -> None:
    """What is said of every distribution is said alike."""
    first, *others = (project[key] for project in projects().values())

    assert all(other == first for other in others)


PINNED = {name: (ROOT / name).read_text("utf-8") for name in ("constraints.txt", "constraints-compat.txt")}
LOWEST = (ROOT / "constraints-lowest.txt").read_text("utf-8")
LIBRARIES = [
    *("av", "google-genai", "langchain-core", "llama-index-core", "numpy", "pillow"),
    *("pymilvus", "pypdfium2", "qdrant-client", "qdrant-edge-py"),
]


def allowed(library: str) -> SpecifierSet:
    """What the packages together ask for."""
    asked = (
        Requirement(line)
        for project in projects().values()
        for line in chain(project["dependencies"], *project.get("optional-dependencies", {}).values())
    )
    return SpecifierSet(",".join(str(one.specifier) for one in asked if one.name == library))


def ends(specifiers: SpecifierSet) -> tuple[Version, Version | None]:
    """The highest lower bound, and the lowest upper one."""
    lower = max(Version(one.version) for one in specifiers if one.operator == ">=")
    return lower, min((Version(one.version) for one in specifiers if one.operator == "<"), default=None)


def pins(pinned: str, library: str) -> set[Version]:
    """Versions in a pinned set; several where markers tell them apart."""
    return {Version(found) for found in re.findall(rf"^{re.escape(library)}==(\S+)", pinned, re.MULTILINE)}


def represents(version: Version, upper: Version | None) -> bool:
    """Whether it is of the last release series below `upper`: 3.x below 4, 0.14.x below 0.15; any without a bound."""
    if upper is None:
        return True
    *start, last = upper.release
    return version.release[: len(start) + 1] == (*start, last - 1)


@pytest.mark.parametrize("library", LIBRARIES)
def test_both_ends_of_what_we_allow_are_in_an_environment(library: str) -> None:
    """The lower bound is what make test-lowest installs; the last series below the upper one is in another set."""
    lower, upper = ends(allowed(library))
    newest = {version for pinned in PINNED.values() for version in pins(pinned, library)}

    assert lower in pins(LOWEST, library)
    assert any(represents(version, upper) for version in newest), f"{library}: {sorted(newest)} are not below {upper}"
    assert all(version in allowed(library) for version in newest | pins(LOWEST, library))


@pytest.mark.parametrize(
    ("version", "upper", "last"),
    [
        pytest.param("3.3.0", "4", True, id="major"),
        pytest.param("2.34.0", "4", False, id="a major too old"),
        pytest.param("0.14.25", "0.15", True, id="minor"),
        pytest.param("0.13.9", "0.15", False, id="a minor too old"),
        pytest.param("19.0.2", None, True, id="no bound"),
    ],
)
def test_the_last_series_below_a_bound(version: str, upper: str | None, last: bool) -> None:
    assert represents(Version(version), Version(upper) if upper else None) == last


def test_every_distribution_has_the_license() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")

    assert {path.read_text("utf-8") for path in ROOT.glob("packages/*/LICENSE")} == {text}


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(r"(?<![\w.])/(home|Users)/\w", id="home folders"),
        *(
            pytest.param(rf"(?<![\w.]){re.escape(str(folder))}/", id=f"this machine: {name}")
            for name, folder in (("home", Path.home()), ("temporary", tempfile.gettempdir()), ("checkout", ROOT.parent))
            if str(folder) != "/"
        ),
        # In pieces, or this file would name what no file may name.
        *(pytest.param(re.escape(".".join(host)), id=host[0]) for host in [("pypi", "org"), ("files", "pythonhosted")]),
    ],
)
def test_no_trace_of_a_machine_or_a_registry(pattern: str) -> None:
    """Pinned sets, cassettes and examples name neither a developer's folders nor the host packages came from."""
    assert [place for place in lines(FILES, pattern) if "test_repository_promises.py" not in place] == []


def test_every_silenced_check_has_its_reason() -> None:
    """`# noqa: CODE - why` and `# type: ignore[code]  # why`, on the line itself."""
    silenced = lines(PYTHON, SILENCED)

    assert {*silenced} - {*lines(PYTHON, WITH_REASON), *lines([Path(__file__)], SILENCED)} == set()


def test_every_rule_switched_off_has_its_reason() -> None:
    """In pyproject.toml the reason stands behind the rule."""
    assert lines([ROOT / "pyproject.toml"], r'^\s+"[A-Z]+[0-9]+",?[^#]*$') == []


def test_the_emulator_knows_nothing_of_the_library() -> None:
    """Else the tests would agree with themselves."""
    for path in (ROOT / "packages/gemini-embed-emulator/src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name for name in names if name.split(".")[0] == "gemini_embed"}, path


def test_compat_tests_live_in_their_folder() -> None:
    """`make test` leaves tests/compat out and `make test-compat` runs it, so a mark elsewhere would never run."""
    marked = lines([path for path in PYTHON if path.name.startswith("test_")], r"mark\.compat\b")

    assert [place for place in marked if not place.startswith(("tests/compat/", "tests/unit/test_repository"))] == []


NAMED_FOR = {
    *(path.stem for path in (ROOT / "packages/gemini-embed/src/gemini_embed").iterdir() if path.stem[0] != "_"),
    *("emulator", "cli", "langchain", "llama_index", "plugins", "examples", "repository"),
}
OF_THEIR_OWN = {"docs", "packaging", "typing"}
"""Tiers of one or two files, named for what they read."""


def test_a_test_is_found_by_its_room() -> None:
    """`tests/<tier>/test_<room>_<what>.py`: the room of the core, or whose package it is."""
    lost = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").glob("*/test_*.py")
        if path.parent.name not in OF_THEIR_OWN
        and not any(f"{path.stem}_".startswith(f"test_{room}_") for room in NAMED_FOR)
    ]
    assert lost == []
