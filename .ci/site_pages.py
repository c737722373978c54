#!/usr/bin/env python3
"""What the site is built from, into the `docs_dir` of mkdocs.yml: pages as they are, and those of the reference.

    .ci/site_pages.py

Pages are docs/*.md and CHANGELOG.md. Their links lead to files of the repository, as on a forge; those that leave the
site are made to lead to the forge, and pictures that lie elsewhere are brought along. A page of the reference is its
entry in mkdocs.yml: a sentence, and public names, for whose docstrings mkdocstrings is told to look.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
BESIDE = ("CHANGELOG.md",)
"""Pages of the site that lie at the top of the repository. The search leaves them out: they name everything."""
UNSEARCHED = "---\nsearch: { exclude: true }\n---\n\n"
LINK = re.compile(
    r"(?P<image>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?!\w+:|#)(?P<target>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)"
)


def main() -> None:
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    pages = ROOT / config["docs_dir"]
    shutil.rmtree(pages, ignore_errors=True)
    shutil.copytree(ROOT / "docs", pages)
    shutil.copytree(ROOT / ".ci/site_theme", pages, dirs_exist_ok=True, ignore=shutil.ignore_patterns("partials"))
    for path in (*sorted((ROOT / "docs").glob("*.md")), *(ROOT / name for name in BESIDE)):
        head = UNSEARCHED if path.name in BESIDE else ""
        (pages / name_of(path)).write_text(head + rewritten(path, pages, config["repo_url"]), "utf-8")
    (pages / "reference").mkdir()
    for name, page in reference(config):
        (pages / "reference" / name).write_text(page, "utf-8")


def name_of(path: Path) -> str:
    """A page's name in the site."""
    return path.name.lower()


def rewritten(path: Path, pages: Path, forge: str) -> str:
    """The page at `path`, with links that hold where it stands in the site."""

    def leads(link: re.Match[str]) -> str:
        target, anchor = (path.parent / link["target"]).resolve(), link["anchor"] or ""
        there = str(target.relative_to(ROOT))
        if link["image"] and target.parent != ROOT / "docs":
            (pages / there).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(target, pages / there)
        elif target.parent == ROOT / "docs" or there in BESIDE:
            there = name_of(target)
        else:
            there = f"{forge}/{'tree' if target.is_dir() else 'blob'}/main/{there}"
        return f"{link['image']}[{link['text']}]({there}{anchor})"

    fenced = re.split(r"(^```.*?^```$)", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return "".join(part if part.startswith("```") else LINK.sub(leads, part) for part in fenced)


def reference(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and text of each page of the reference; the first lists all of them."""
    (listed,) = (entry["Reference"] for entry in config["nav"] if "Reference" in entry)
    titles = {path: title for entry in listed if isinstance(entry, dict) for title, path in entry.items()}
    lines = ["# Reference", "", "Every public name, by what it is for."]
    for page, entry in config["extra"]["reference"].items():
        title = titles[f"reference/{page}.md"]
        names = [name for module, said in entry.items() if module != "about" for name in in_module(module, said)]
        sections = [f"::: {name}" for name in names]
        yield f"{page}.md", "\n\n".join([f"# {title}", entry["about"].strip(), *sections, ""])
        lines += [
            "",
            f"## [{title}]({page}.md)",
            "",
            ", ".join(f"[`{name.rpartition('.')[2]}`][{name}]" for name in names),
        ]
    yield "index.md", "\n".join([*lines, ""])


def in_module(module: str, names: str) -> list[str]:
    return [f"{module}.{name}" for name in names.split()]


if __name__ == "__main__":
    main()
