"""What listings and installers are told of the five distributions."""

from __future__ import annotations

import json
import re
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
TABLES = {path.parent.name: tomllib.loads(path.read_text("utf-8")) for path in ROOT.glob("packages/*/pyproject.toml")}
PROJECTS: dict[str, dict[str, Any]] = {name: table["project"] for name, table in TABLES.items()}
CORE = PROJECTS["gemini-embed"]
SITE = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
OF_THE_CORE_ALONE = {"plot", "daft", "ray"}
"""Extras of what is used by the core's own names only."""


def test_urls_are_those_of_the_repository_that_the_mcp_registry_knows() -> None:
    """Each distribution has them all, and the files they name are there."""
    server = json.loads((ROOT / "packages/gemini-embed-cli/server.json").read_text("utf-8"))
    home = "https://github.com/" + server["name"].removeprefix("io.github.")
    for project in PROJECTS.values():
        urls = project["urls"]
        assert [*urls] == ["Homepage", "Documentation", "Repository", "Issues", "Changelog"]
        assert urls["Repository"] == home
        assert urls["Documentation"] == SITE["site_url"]
        assert all(url.startswith(home) for name, url in urls.items() if name != "Documentation")
    assert SITE["repo_url"] == home
    for url in CORE["urls"].values():
        if path := re.search(r"/(?:tree|blob)/main/(.+)", url):
            assert (ROOT / path[1]).exists(), url


def test_pythons_are_named_without_a_gap() -> None:
    """From what `requires-python` says to the one whose wheels `make test-next` looks for."""
    minors = [
        int(match[1])
        for classifier in CORE["classifiers"]
        if (match := re.fullmatch(r"Programming Language :: Python :: 3\.(\d+)", classifier))
    ]
    newest = re.search(r"^NEXT_PYTHON := 3\.(\d+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert newest is not None
    assert minors == [*range(int(CORE["requires-python"].removeprefix(">=3.")), int(newest[1]) + 1)]


@pytest.mark.parametrize("name", PROJECTS)
def test_a_listing_finds_it(name: str) -> None:
    """A description that fits a line of results, and keywords: those of all, and its own."""
    shared = set.intersection(*({*project["keywords"]} for project in PROJECTS.values()))
    assert {"gemini", "embeddings", "multimodal"} <= shared < {*PROJECTS[name]["keywords"]}
    assert 40 < len(PROJECTS[name]["description"]) <= 120
    assert PROJECTS[name]["authors"]


@pytest.mark.parametrize("name", ["langchain-gemini-embed", "llama-index-embeddings-gemini-embed", "gemini-embed-cli"])
def test_extras_of_the_core_are_had_at_every_door(name: str) -> None:
    """By the same word, or without one, where the distribution brings it already; no word means anything else."""
    project = PROJECTS[name]
    brought = {
        extra for line in project["dependencies"] if "gemini-embed" in line for extra in Requirement(line).extras
    }
    offered = {*project["optional-dependencies"]}

    assert offered | brought >= {*CORE["optional-dependencies"]} - OF_THE_CORE_ALONE
    assert offered & brought == set()
    for extra in offered & {*CORE["optional-dependencies"]}:
        assert project["optional-dependencies"][extra] == [f"gemini-embed[{extra}]=={CORE['version']}"]


def test_llamahub_names_what_there_is() -> None:
    """The table that LlamaIndex's packages carry."""
    table = TABLES["llama-index-embeddings-gemini-embed"]["tool"]["llamahub"]
    module = import_module(table["import_path"])
    assert table["class_authors"]
    assert all(hasattr(module, name) for name in table["class_authors"])


@pytest.mark.parametrize("name", PROJECTS)
def test_a_published_readme_leads_somewhere(name: str) -> None:
    """It is read on a page of its own, where a link to a neighbouring file is dead: such links name the repository."""
    home = CORE["urls"]["Repository"] + "/blob/main/"
    readme = (ROOT / "packages" / name / "README.md").read_text("utf-8")
    links = re.findall(r"\]\(([^)#\s]+)", readme)

    assert [link for link in links if "://" not in link] == []
    assert [link for link in links if link.startswith(home) and not (ROOT / link.removeprefix(home)).exists()] == []
