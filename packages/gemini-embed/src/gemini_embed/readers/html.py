"""HTML: what a page says, under its headings, without what surrounds it, moves it or paints it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote_to_bytes

from gemini_embed.errors import MediaError
from gemini_embed.readers.encoding import may_be_text, text_of
from gemini_embed.readers.flow import Flow
from gemini_embed.readers.limits import check_size
from gemini_embed.readers.passages import Passage, Picture
from gemini_embed.readers.pictures import from_base64

MOST_BYTES = 20 * 2**20


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LEFT_OUT = _words(
    "script style noscript template svg head nav button select textarea iframe object embed canvas audio video dialog "
    "datalist footer"
)
"""What a page says to browsers, and what leads elsewhere."""
_AROUND = frozenset(("header", "aside"))
"""Left out too where they are not in the main part: there they may be the head of an article, or a note."""
_ROLES = _words("navigation banner contentinfo search complementary dialog")
_CLASSES = _words("headerlink anchor-link sphinxsidebar breadcrumb breadcrumbs cookie-banner skip-link")
_BLOCKS = _words(
    "address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure footer "
    "header hr li main ol p pre section summary table tbody tfoot thead tr ul"
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_VOID = _words("area base br col embed hr img input link meta param source track wbr")
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w:.-]{1,40})", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\n\f\u200b]+")
_DATA = re.compile(r"data:image/[\w.+-]+((?:;[\w=.-]+)*),(.*)", re.DOTALL | re.IGNORECASE)
_SCRIPT_END = {tag: re.compile(rf"</{tag}(?=[\s/>])", re.IGNORECASE) for tag in ("script", "style")}
_NO_WORDS = re.compile(r"<(?:!|(script|style)(?=[\s/>]))", re.IGNORECASE)

PictureAt = Callable[[str], bytes]
"""The picture that a page names by a link; nothing where there is none."""


class HtmlReader:
    """Reads pages, and what else is written in HTML."""

    name = "html"
    version = "2"
    metadata: Mapping[str, Any] = {}

    def takes(self, head: bytes) -> bool:
        return may_be_text(head)

    def passages(self, data: bytes, name: str, most_tokens: int) -> Iterator[Passage | Picture]:
        check_size(data, MOST_BYTES, name)
        told = _META.search(data, 0, 4096)
        text = text_of(data, told and told[1].decode())
        if text is None:
            raise MediaError(f"{name} is no text, though its name says HTML: it begins {data[:16]!r}", "unknown")
        flow = Flow()
        read_html(text, flow)
        return flow.passages(most_tokens)


def read_html(text: str, flow: Flow, *, title: bool = True, picture_at: PictureAt | None = None) -> None:
    """Add what HTML says to a flow; of a page that names its main part, that part. `title` is told as a heading where
    the page has none of the first level. Pictures are those in the text, and those that `picture_at` has."""
    page = _Page(picture_at)
    page.feed(_without_comments(text))
    page.close()
    page.finish()
    has_main = any(one.is_main and one.text for one in page.found)
    wanted = [one for one in page.found if one.is_main] if has_main else page.found
    if title and page.title and not any(one.level == 1 for one in wanted):
        flow.heading(1, page.title)
        wanted = [_Found(one.text, min(one.level + 1, 7) if one.level else 0, one.anchor, one.data) for one in wanted]
    for one in wanted:
        if one.data:
            flow.picture(one.data, one.text)
        elif one.level:
            flow.heading(one.level, one.text, one.anchor)
        else:
            flow.text(one.text)


def _without_comments(text: str) -> str:
    """Without comments, declarations, scripts and style sheets (which may say what begins a comment), and with what can
    be no tag as plain text: for those that are never closed Python's parser looks through all the rest of a page, each
    time."""
    kept, at = [], 0
    while found := _NO_WORDS.search(text, at):
        start = found.start()
        if found[1]:
            kept.append(text[at:start])
            at = _end_of_script(text, found)
            continue
        is_comment = text.startswith("<!--", start)
        end = text.find("-->" if is_comment else ">", start + (4 if is_comment else 2))
        kept.append(text[at:start])
        if end < 0:
            at = len(text)
            break
        at = end + (3 if is_comment else 1)
    text = "".join((*kept, text[at:]))
    closed = text.rfind(">") + 1
    return text[:closed] + text[closed:].replace("<", "&lt;")


def _end_of_script(text: str, found: re.Match[str]) -> int:
    """Where a script or a style sheet ends, with the page where it never does."""
    end = text.find(">", found.end())
    if end < 0 or text[end - 1] == "/":  # as XHTML may have it: there is nothing in it
        return end + 1 or len(text)
    ended = _SCRIPT_END[found[1].lower()].search(text, end)
    end = text.find(">", ended.end()) if ended else -1
    return end + 1 or len(text)


@dataclass(frozen=True)
class _Found:
    """A block, a heading or a picture of a page."""

    text: str
    level: int = 0
    anchor: str = ""
    data: bytes = b""
    is_main: bool = False


@dataclass(frozen=True)
class _Open:
    """A tag that was not closed yet."""

    tag: str
    is_left_out: bool
    is_main: bool
    anchor: str = ""


class _Page(HTMLParser):
    """What a page says, in order."""

    def __init__(self, picture_at: PictureAt | None) -> None:
        super().__init__(convert_charrefs=True)
        self._picture_at = picture_at
        self.found: list[_Found] = []
        self.title = ""
        self._open = [_Open("", False, False)]
        self._counts: Counter[str] = Counter()
        self._said: list[str] = []
        self._anchor = ""
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if self._open[-1].tag == "p" and (tag in _BLOCKS or tag in _HEADINGS):  # which ends it
            self.handle_endtag("p")
        above = self._open[-1]
        self._in_title = tag == "title" and not self._counts["svg"] and not self.title
        if tag in _BLOCKS or tag in _HEADINGS:
            self._end_block()
        if not above.is_left_out:
            self._begin(tag, told)
        if tag in _VOID:
            return
        is_main = above.is_main or tag in ("main", "article") or told.get("role") == "main"
        is_left_out = above.is_left_out or _is_left_out(tag, told, is_main)
        if tag not in ("html", "body", "p") or (tag == "p" and is_left_out):  # which is seldom closed
            self._open.append(_Open(tag, is_left_out, is_main, told.get("id", "")))
            self._counts[tag] += 1

    def _begin(self, tag: str, told: Mapping[str, str]) -> None:
        if tag in ("a", "span") and not self._said:
            self._anchor = told.get("id") or told.get("name") or self._anchor
        elif tag in _HEADINGS:
            around = self._open[-1].anchor if self._open[-1].tag in ("section", "div", "article") else ""
            self._anchor = told.get("id") or around or self._anchor
        elif tag == "br":
            self._said.append("\n" if self._counts["pre"] else "\v")
        elif tag in ("td", "th") and "".join(self._said).strip():
            self._said.append(" | ")
        elif tag == "li":
            self._said.append("- ")
        elif tag == "img":
            self._image(told)

    def _image(self, told: Mapping[str, str]) -> None:
        alt, place = told.get("alt", "").strip(), told.get("src", "")
        held = b""
        if data := _DATA.fullmatch(place):
            held = from_base64(data[2]) if ";base64" in data[1].lower() else unquote_to_bytes(data[2])
        elif self._picture_at is not None:
            held = self._picture_at(place)
        if held:
            self._end_block()
            self.found.append(_Found(alt, data=held, is_main=self._open[-1].is_main))
        elif alt:
            self._said.append(f" {alt} ")

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False
        if tag in _HEADINGS:
            self._end_block(level=_HEADINGS[tag])
        elif tag in _BLOCKS:
            self._end_block()
        if not self._counts[tag]:
            return
        while (closed := self._open.pop()).tag != tag:
            self._counts[closed.tag] -= 1
        self._counts[tag] -= 1

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += " ".join(data.split())
        elif not self._open[-1].is_left_out:
            data = data.replace("\xad", "")  # where a word may be broken is no part of it
            self._said.append(data if self._counts["pre"] else _SPACE.sub(" ", data))

    def finish(self) -> None:
        """What was not closed ends with the page."""
        self._end_block()

    def _end_block(self, level: int = 0) -> None:
        said, self._said = "".join(self._said), []
        text = "\n".join(line.strip(" ") for line in said.split("\v")) if not self._counts["pre"] else said.rstrip()
        if not text.strip() or text.strip() == "-":
            return
        if not level and (heading := next((one for one in reversed(self._open) if one.tag in _HEADINGS), None)):
            level = _HEADINGS[heading.tag]  # a block inside of a heading
        anchor, self._anchor = (self._anchor, "") if level else ("", self._anchor)
        self.found.append(_Found(text, level, anchor, is_main=self._open[-1].is_main))


def _is_left_out(tag: str, told: Mapping[str, str], is_main: bool) -> bool:
    if tag in _LEFT_OUT or (tag in _AROUND and not is_main):
        return True
    if told.get("role") in _ROLES or "hidden" in told or told.get("aria-hidden") == "true":
        return True
    if "display:none" in told.get("style", "").replace(" ", "").lower():
        return True
    return not _CLASSES.isdisjoint(told.get("class", "").split())
