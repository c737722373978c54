"""The site's one configuration, mkdocs.yml: every page stands in the navigation, every public name in the reference."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONFIG = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
PINNED = next(
    ast.literal_eval(node.value)
    for node in ast.parse((ROOT / "tests/unit/test_repository_public_names.py").read_text("utf-8")).body
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PINNED"
)
NAMES = [
    (page, module, name)
    for page, entry in CONFIG["extra"]["reference"].items()
    for module, names in entry.items()
    if module != "about"
    for name in names.split()
]
"""Page, module and name of all that the reference shows."""
DOORS = (
    *(
        "gemini_embed",
        *PINNED,
        "gemini_embed.daft",
        "gemini_embed.ray",
        "gemini_embed.scale",
        "gemini_embed.evaluation",
        "gemini_embed_emulator",
    ),
    *("langchain_gemini_embed", "langchain_gemini_embed.agents", "langchain_gemini_embed.vectorstores"),
    *("llama_index.embeddings.gemini_embed", "llama_index.postprocessor.gemini_embed"),
    *("llama_index.retrievers.gemini_embed", "llama_index.retrievers.gemini_embed.agents"),
    *("gemini_embed.adapters.chroma", "gemini_embed_cli.serving.page.export"),
)
"""Modules whose public names users import."""


def pages_of(nav: list[Any]) -> Iterator[str]:
    for entry in nav:
        for below in entry.values() if isinstance(entry, dict) else [entry]:
            yield from [below] if isinstance(below, str) else pages_of(below)


def test_every_page_stands_in_the_navigation() -> None:
    """Once; and what stands there is a page, the changelog, or one of the reference."""
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} | {"changelog.md", "reference/index.md"}
    made = {f"reference/{page}.md" for page in CONFIG["extra"]["reference"]}

    assert Counter(pages_of(CONFIG["nav"])) == Counter(pages | made)


@cache
def tree_of(module: str) -> ast.Module:
    """Of its source: nothing is imported, engines and frameworks least of all."""
    for source in ROOT.glob("packages/*/src"):
        for path in (source / f"{module.replace('.', '/')}.py", source / module.replace(".", "/") / "__init__.py"):
            if path.exists():
                return ast.parse(path.read_text("utf-8"))
    raise AssertionError(f"no module {module}")


def public(module: str) -> set[str]:
    """What a door offers: what is pinned, its `__all__`, or what it defines without an underscore."""
    if module in PINNED:
        return {*PINNED[module].split()}
    body = tree_of(module).body
    for node in body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return {*ast.literal_eval(node.value)}
    return {node.name for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name[0] != "_"}


@cache
def taken(module: str) -> dict[str, tuple[str, str]]:
    """Where a module has names from, by its imports; under TYPE_CHECKING too."""
    return {
        alias.asname or alias.name: (node.module or "", alias.name)
        if node.level == 0
        else (f"{module}.{node.module}", alias.name)
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def home(module: str, name: str) -> tuple[str, str]:
    """Where a name is defined."""
    return home(*taken(module)[name]) if name in taken(module) else (module, name)


SHOWN = {home(module, name) for _, module, name in NAMES}


def test_every_public_name_is_in_the_reference() -> None:
    """By one of the doors that lead to it."""
    missing = [(door, name) for door in DOORS for name in sorted(public(door)) if home(door, name) not in SHOWN]

    assert missing == []


def test_the_reference_shows_nothing_twice() -> None:
    assert [one for one, times in Counter(home(module, name) for _, module, name in NAMES).items() if times > 1] == []


def silent(node: ast.stmt, after: ast.stmt | None) -> Iterator[str]:
    """Names of what has no docstring: the statement itself and, of a class, the public methods that it begins."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        overloads = {"overload", "setter"} & {ast.unparse(one).rpartition(".")[2] for one in node.decorator_list}
        if ast.get_docstring(node) is None and not overloads:
            yield node.name
        # Methods that override another's have its docstring; who else has bases may be one of these.
        for method in node.body if isinstance(node, ast.ClassDef) and not node.bases else []:
            if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and method.name[0] != "_":
                yield from (f"{node.name}.{name}" for name in silent(method, None))
    elif not (
        isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str)
    ):
        yield ast.unparse(node)


def names_of(node: ast.stmt) -> set[str]:
    """What a statement at the top of a module defines."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {ast.unparse(target) for target in targets}


@pytest.mark.parametrize("page", CONFIG["extra"]["reference"])
def test_every_public_name_says_what_it_is(page: str) -> None:
    """A docstring, of public methods too; of constants and types it stands below them."""
    found: dict[tuple[str, str], list[str]] = {}
    for where, own in (home(module, name) for shown_on, module, name in NAMES if shown_on == page):
        body = tree_of(where).body
        for node, after in zip(body, [*body[1:], None], strict=True):
            if own in names_of(node):
                found[where, own] = [*found.get((where, own), []), *silent(node, after)]

    assert {*found} == {home(module, name) for shown_on, module, name in NAMES if shown_on == page}
    assert [one for one in found.items() if one[1]] == []
