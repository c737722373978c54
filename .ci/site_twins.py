#!/usr/bin/env python3
"""What language models read of the site: `llms.txt`, `llms-full.txt`, and each page's Markdown beside it.

    .ci/site_twins.py

The generator has made Markdown of every page, as the reference needs. Of the others it is the page as it was written,
where links lead from one such page to another, and code says its language. `llms.txt` (llmstxt.org) lists all in the
order of the navigation, each with its first sentence; `llms-full.txt` holds them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from site_pages import UNSEARCHED

ROOT = Path(__file__).resolve().parent.parent


class Page(NamedTuple):
    """One page of the navigation: below which heading, how it is called there, its file."""

    section: str
    title: str
    path: str


def main() -> None:
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    site, written = ROOT / config["site_dir"], ROOT / config["docs_dir"]
    lines = [f"# {config['site_name']}", "", f"> {config['site_description']}"]
    full, section = [], ""
    for page in pages_of(config["nav"]):
        twin = site / page.path
        if not page.path.startswith("reference/"):
            text = (written / page.path).read_text("utf-8").removeprefix(UNSEARCHED)
            text = re.sub(r"^<!--.*?-->\n", "", text, flags=re.MULTILINE)
            twin.write_text(text, "utf-8")
        if page.section != section:
            section = page.section
            lines += ["", f"## {section}", ""]
        url = config["site_url"] + page.path
        lines.append(f"- [{page.title}]({url}): {first_sentence(twin.read_text('utf-8'))}")
        full += [f"<!-- {url} -->", "", twin.read_text("utf-8").strip(), ""]
    (site / "llms.txt").write_text("\n".join([*lines, ""]), "utf-8")
    (site / "llms-full.txt").write_text("\n".join(full), "utf-8")


def pages_of(nav: list[Any], section: str = "") -> Iterator[Page]:
    """The pages of a `nav` of mkdocs.yml, in order. One without a name is its section's own."""
    for entry in nav:
        ((title, below),) = entry.items() if isinstance(entry, dict) else [(section, entry)]
        if isinstance(below, str):
            yield Page(section or title, title, below)
        else:
            yield from pages_of(below, title)


def first_sentence(page: str) -> str:
    """Of the first paragraph of prose, without markup."""
    for paragraph in page.split("\n\n"):
        if re.match(r"(?!`pip|```)[\w\[`*(]", paragraph):
            plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(paragraph.split()))
            return re.split(r"(?<=[.:])\s", plain)[0].rstrip(":")
    return ""


if __name__ == "__main__":
    main()
