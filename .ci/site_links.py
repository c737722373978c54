"""A Markdown extension of the site: code that is a public name leads to its place in the reference.

Of each page and each docstring the first mention does, outside of headings, links and blocks of code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from xml.etree.ElementTree import Element

import yaml
from markdown import Extension, Markdown
from markdown.treeprocessors import Treeprocessor
from site_pages import in_module

ROOT = Path(__file__).resolve().parent.parent
LEFT_ALONE = {"a", "autoref", "pre", "h1", "h2", "h3", "h4", "h5", "h6"}


IN_FULL = ("agents", "building", "testing")
"""Pages of names that others have too (`Path`, `Node`): they are meant only where they are said in full."""


@cache
def places() -> Mapping[str, str]:
    """What code may say -> the public name in full. A last part alone does for names that nothing else has."""
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    full = {
        name: page
        for page, entry in config["extra"]["reference"].items()
        for module in entry
        if module != "about"
        for name in in_module(module, entry[module])
    }
    times = Counter(name.rpartition(".")[2] for name in full)
    short = {name.rpartition(".")[2]: name for name, page in full.items() if page not in IN_FULL}
    told = {last: name for last, name in short.items() if times[last] == 1 and (last[0].isupper() or "_" in last)}
    return told | {name: name for name in full}


class _Links(Treeprocessor):  # type: ignore[misc]  # Markdown is only in the site's environment
    def run(self, root: Element) -> None:
        seen: set[str] = set()
        for parent, code in [*_codes(root)]:
            name = places().get(code.text or "")
            if name and name not in seen:
                seen.add(name)
                link = Element("autoref", {"identifier": name, "optional": ""})
                link.tail, code.tail = code.tail, None
                parent[list(parent).index(code)] = link
                link.append(code)


def _codes(parent: Element) -> Iterator[tuple[Element, Element]]:
    """Each `code` of text, with what it stands in."""
    for child in parent:
        if child.tag == "code":
            yield parent, child
        elif child.tag not in LEFT_ALONE:
            yield from _codes(child)


class _Names(Extension):  # type: ignore[misc]  # Markdown is only in the site's environment
    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's own name
        md.treeprocessors.register(_Links(md), "site_links", 5)


def makeExtension(**options: object) -> Extension:  # noqa: N802 - Markdown's own name
    return _Names(**options)
