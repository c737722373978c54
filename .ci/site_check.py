#!/usr/bin/env python3
"""Whether the built site holds together. Prints what does not; exits with 1.

    .ci/site_check.py

Every link leads to a file of the site, and to an anchor that is there; nothing is loaded from another host; every page
of the navigation has its Markdown beside it and stands in `llms.txt`; every name of the reference has its docstring.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urlsplit

import yaml
from site_pages import in_module
from site_twins import pages_of

ROOT = Path(__file__).resolve().parent.parent
LOADED = {"script": "src", "img": "src", "source": "src", "video": "src", "audio": "src", "iframe": "src"}
"""Elements that a browser fetches something for, without being asked."""
FETCHED_LINKS = {"stylesheet", "icon", "preload", "preconnect", "prefetch", "dns-prefetch", "modulepreload"}


class Html(HTMLParser):
    """The anchors of a page, where its links lead, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag in LOADED and LOADED[tag] in given:
            self.loads.append(given[LOADED[tag]])
        elif tag == "link" and {*given.get("rel", "").split()} & FETCHED_LINKS:
            self.loads.append(given.get("href", ""))


def main() -> int:
    """The exit code."""
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    site = ROOT / config["site_dir"]
    pages = {path: Html(path) for path in sorted(site.rglob("*.html"))}
    wrong = [*links(site, pages), *loads(site, pages), *twins(site, config), *names(site, pages, config)]
    print("\n".join(wrong) or f"{len(pages)} pages: links and anchors hold, nothing comes from elsewhere")
    return bool(wrong)


def links(site: Path, pages: dict[Path, Html]) -> Iterator[str]:
    """What leads nowhere within the site."""
    for path, page in pages.items():
        base = site if path.name == "404.html" else path.parent  # it is shown at any address
        for link in {*page.links, *page.loads}:
            target, anchor = urldefrag(link)
            if urlsplit(link).scheme or urlsplit(link).netloc or path.name == "404.html":
                continue
            file = (base / unquote(target)).resolve() if target else path
            file = file / "index.html" if file.is_dir() else file
            if not file.exists():
                yield f"{path.relative_to(site)}: {link}: no such file"
            elif anchor and file in pages and unquote(anchor) not in pages[file].anchors:
                yield f"{path.relative_to(site)}: {link}: no such anchor"


def loads(site: Path, pages: dict[Path, Html]) -> Iterator[str]:
    """What a browser would ask another host for."""
    for path, page in pages.items():
        yield from (f"{path.relative_to(site)}: loads {url}" for url in page.loads if urlsplit(url).netloc)
    for path in site.rglob("*.css"):
        found = re.findall(r"(?:url\(|@import )['\"]?((?:https?:)?//[^'\")]+)", path.read_text("utf-8"))
        yield from (f"{path.relative_to(site)}: loads {url}" for url in found)


def twins(site: Path, config: dict[str, Any]) -> Iterator[str]:
    """Pages that language models would not find."""
    listed = (site / "llms.txt").read_text("utf-8")
    for page in pages_of(config["nav"]):
        if not (site / page.path).exists() or not (site / page.path).with_suffix(".html").exists():
            yield f"{page.path}: not there in both forms"
        if f"({config['site_url']}{page.path}): " not in listed:
            yield f"{page.path}: llms.txt says nothing of it"


def names(site: Path, pages: dict[Path, Html], config: dict[str, Any]) -> Iterator[str]:
    """Public names that the reference does not show."""
    for page, entry in config["extra"]["reference"].items():
        anchors = pages[site / f"reference/{page}.html"].anchors
        for module, said in entry.items():
            if module != "about":
                yield from (
                    f"reference/{page}.html: no {name}" for name in in_module(module, said) if name not in anchors
                )


if __name__ == "__main__":
    sys.exit(main())
