"""Answers as one HTML file that needs nothing beside it: pictures, pages and clips are inside."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from gemini_embed import GeminiEmbedError, Hit
from gemini_embed.content import Media

from gemini_embed_cli.serving.page import showing
from gemini_embed_cli.serving.page.answering import card
from gemini_embed_cli.serving.page.assets import asset

T = TypeVar("T")
SCRIPTS = ("dom.js", "sound.js", "cards.js", "answers.js")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A query, and what was found for it, best first.

    Attributes:
        hits: that were found.
        words: of the query; they are marked.
        media: of the query, from files.
        kind: what is asked with and looked for, such as "image to video".
        note: a sentence on it.
    """

    hits: Sequence[Hit]
    words: str = ""
    media: Sequence[Media] = ()
    kind: str = ""
    note: str = ""

    @property
    def title(self) -> str:
        """What was asked, for a heading."""
        files = [Path(medium.location).name for medium in self.media if medium.location]
        return " + ".join(filter(None, [self.words and f"“{self.words}”", *files]))


def write_page(
    out: Path, answers: Sequence[Answer], *, root: Path, title: str, about: str, emulator: bool = False
) -> None:
    """Write `answers` as a page; `root` is the folder that was searched, `about` a sentence on the whole."""
    book = _Book(root.absolute(), out.absolute().parent)
    told = json.dumps({"answers": [book.written(answer) for answer in answers], "kept": book.kept}, ensure_ascii=False)
    style, script = asset("page.css"), "\n".join(map(asset, SCRIPTS)).replace('"use strict";', "")
    banner = asset("page.html").partition('<p class="banner" id="banner" hidden>')[2].partition("</p>")[0]
    filled = {
        "policy": _policy(style, script),
        "title": escape(title),
        "about": escape(about),
        "banner": f'<p class="banner">{banner}</p>' if emulator else "",
        "style": style,
        "answers": told.replace("<", "\\u003c"),  # no text of a folder ends the script
        "script": script,
    }
    page, *rest = asset("static.html").split("{{")
    for piece in rest:
        name, _, after = piece.partition("}}")
        page += filled[name] + after
    out.write_text(page, "utf-8")


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; script-src '{_hashed(script)}'; style-src '{_hashed(style)}'; img-src data:; "
        "media-src data:; base-uri 'none'; form-action 'none'"
    )


def _hashed(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@dataclass(frozen=True)
class _Book:
    """Hits with what is shown of them; each picture and clip is kept once."""

    root: Path
    beside: Path
    kept: dict[str, str] = field(default_factory=dict)

    def written(self, answer: Answer) -> dict[str, Any]:
        asked = [
            Hit.of({"uri": medium.location, "source": medium.location, "modality": medium.modality}, "", 1.0)
            for medium in answer.media
            if medium.location
        ]
        return {
            "kind": answer.kind,
            "title": answer.title,
            "note": answer.note,
            "media": [self._hit(hit, 0, "") for hit in asked],
            "hits": [self._hit(hit, rank, answer.words) for rank, hit in enumerate(answer.hits, 1)],
        }

    def _hit(self, hit: Hit, rank: int, words: str) -> dict[str, Any]:
        shown: dict[str, Any] = {"file": self._address(hit)}
        if hit.modality in ("image", "video"):
            shown["picture"] = self._keep(lambda: showing.picture(hit))
        if hit.modality in ("audio", "video"):
            shown["media"] = self._keep(lambda: showing.clip(hit))
        if hit.modality == "audio":
            shown["peaks"] = _tried(lambda: showing.waveform(hit))
        if hit.modality == "pdf":
            shown["page"] = self._keep(lambda: showing.page(hit, words))
            shown["whole"] = self._keep(lambda: showing.page(hit, words, whole=True))
        return card(hit, rank, words, self.root) | {"plays": False, "shown": shown}

    def _keep(self, make: Callable[[], showing.Shown]) -> str | None:
        made = _tried(make)
        if made is None:
            return None
        key = hashlib.sha256(made.data).hexdigest()[:16]
        self.kept[key] = f"data:{made.mime_type};base64,{base64.b64encode(made.data).decode()}"
        return key

    def _address(self, hit: Hit) -> str:
        """What its name leads to: the file from where the page lies, so that both may be moved together."""
        uri, (_, mark, anchor) = hit.record.uri or hit.source or "", hit.link.partition("#")
        if "://" in uri:
            return hit.link if uri.startswith(("http://", "https://")) else ""
        try:
            way = os.path.relpath(uri, self.beside)
        except ValueError:  # another drive
            return Path(uri).as_uri() + mark + anchor
        return quote(Path(way).as_posix(), safe="/:~@!$&'()*+,;=") + mark + anchor


def _tried(make: Callable[[], T]) -> T | None:
    """What cannot be opened any more is left out: its card says so."""
    try:
        return make()
    except (GeminiEmbedError, OSError):
        return None
