"""E-mail: who wrote what to whom, and what was attached, each read in turn by its own reader."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from gemini_embed.errors import GeminiEmbedError, MediaError
from gemini_embed.readers.encoding import may_be_text, text_of
from gemini_embed.readers.flow import Flow
from gemini_embed.readers.html import read_html
from gemini_embed.readers.limits import MOST_BYTES, check_size
from gemini_embed.readers.passages import FileReader, Passage, Picture

if TYPE_CHECKING:
    from email.message import EmailMessage

_HEADERS = ("From", "To", "Cc", "Date", "Subject")
_IS_MAIL = re.compile(
    rb"(?:^|\n)(?:from|to|subject|date|received|message-id|mime-version|return-path|delivered-to)[ \t]*:", re.IGNORECASE
)
_BEGINS = re.compile(rb"^From [^\n]*\n(?=[A-Za-z][\w-]*:)", re.MULTILINE)
"""Each mail in a box begins so."""
_DEEPEST = 5
"""Mails that are attached to mails."""

ReaderOf = Callable[[PurePath], FileReader | None]


@dataclass(frozen=True)
class MailReader:
    """Reads mails (`.eml`), and boxes of them (`.mbox`)."""

    reader_of: ReaderOf
    """What reads an attachment of this name."""
    name: str = "mail"
    version: str = "2"

    @property
    def metadata(self) -> Mapping[str, Any]:
        return {}

    def takes(self, head: bytes) -> bool:
        return may_be_text(head)

    def passages(self, data: bytes, name: str, most_tokens: int) -> Iterator[Passage | Picture]:
        check_size(data, MOST_BYTES, name)
        if not _IS_MAIL.search(data, 0, 65_536):
            raise MediaError(f"{name} has no head as mails have it, though its name says so", "damaged")
        starts = [one.start() for one in _BEGINS.finditer(data)]
        if len(starts) < 2 or data[: starts[0]].strip():
            return self._mail(data, name, most_tokens, 0)
        return self._box(data, starts, name, most_tokens)

    def _box(self, data: bytes, starts: list[int], name: str, most_tokens: int) -> Iterator[Passage | Picture]:
        for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(data)], strict=True), 1):
            for one in self._mail(data[start:end], name, most_tokens, 0):
                yield _within(f"message={number}", {"message": number}, "", one)

    def _mail(self, data: bytes, name: str, most_tokens: int, depth: int) -> Iterator[Passage | Picture]:
        from email import message_from_bytes, policy

        mail = message_from_bytes(data, policy=policy.default.clone(max_line_length=None))
        subject = _header(mail, "Subject")
        flow = Flow()
        flow.part("", heading=subject)
        flow.text("\n".join(f"{one}: {said}" for one in _HEADERS if (said := _header(mail, one))))
        attached = list(_attached(mail))
        if names := [one for one, _ in attached if one]:
            flow.text(f"Attached: {', '.join(names)}")
        _add_body(flow, mail)
        yield from (_unnamed(one) for one in flow.passages(most_tokens))
        for label, part in attached:
            for one in self._attachment(label, part, most_tokens, depth):
                yield _within(f"attachment={label}", {"attachment": label}, subject, one)

    def _attachment(self, label: str, part: EmailMessage, most_tokens: int, depth: int) -> Iterator[Passage | Picture]:
        """What an attachment holds; one that nothing here can read is named in the mail, and that is all."""
        kind = part.get_content_type()
        if kind == "message/rfc822":
            if depth < _DEEPEST and (inner := part.get_payload()):
                held = inner[0].as_bytes() if isinstance(inner, list) else b""  # type: ignore[union-attr]  # a message
                yield from self._mail(held, label, most_tokens, depth + 1)
            return
        data = part.get_payload(decode=True)
        if not isinstance(data, bytes) or not data:
            return
        try:
            yield from list(self._held(label, kind, data, most_tokens, part.get_content_charset()))
        except GeminiEmbedError:
            return

    def _held(
        self, label: str, kind: str, data: bytes, most_tokens: int, charset: str | None
    ) -> Iterator[Passage | Picture]:
        flow = Flow()
        if kind == "application/pdf" or data.startswith(b"%PDF"):
            yield from _pages(data, label, most_tokens)
        elif kind.startswith("image/") and kind != "image/svg+xml":
            flow.picture(data, label)
        elif (reader := self.reader_of(PurePath(label))) and reader.takes(data[:8192]):
            yield from reader.passages(data, label, most_tokens)
        elif kind == "text/html":
            read_html(text_of(data, charset) or "", flow)
        elif kind.startswith("text/"):
            flow.text(text_of(data, charset) or "")
        yield from flow.passages(most_tokens)


def _header(mail: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(mail.get(name, "")).split())
    except Exception:  # of the standard library's parser of headers, which damaged ones bring down
        return ""


def _attached(mail: EmailMessage) -> Iterator[tuple[str, EmailMessage]]:
    """What is attached, or shown in the text: with the names, made where there are none."""
    body = _body(mail)
    waiting: list[tuple[Any, bool]] = [(mail, False)]
    number = 0
    while waiting:
        part, is_again = waiting.pop(0)
        if part.get_content_type() != "message/rfc822" and part.is_multipart():
            is_again = is_again or part.get_content_type() == "multipart/alternative"
            waiting[:0] = [(one, is_again) for one in part.iter_parts() if one is not None]
        elif part is not body and not (is_again and _is_text(part)):
            number += 1
            yield part.get_filename() or f"part-{number}", part


def _is_text(part: EmailMessage) -> bool:
    """Beside another one: the same in another form."""
    is_text = part.get_content_type() in ("text/plain", "text/html")
    return is_text and not part.is_attachment() and not part.get_filename()


def _body(mail: EmailMessage) -> Any:
    try:
        return mail.get_body(("plain", "html"))
    except (AttributeError, KeyError, LookupError):  # parts that are said to be there and are not
        return None


def _add_body(flow: Flow, mail: EmailMessage) -> None:
    body = _body(mail)
    if body is None:
        return
    data = body.get_payload(decode=True)
    text = text_of(data, body.get_content_charset()) if isinstance(data, bytes) else None
    if body.get_content_type() == "text/html":
        read_html(text or "", flow, title=False)
    else:
        flow.text(text or "")


def _pages(data: bytes, label: str, most_tokens: int) -> Iterator[Passage]:
    """The text of a PDF's pages."""
    from gemini_embed.windows import probe
    from gemini_embed.windows.pdfs import pdf_windows
    from gemini_embed.windows.spans import Span

    pages = probe(data, "pdf", name=label).pages or 0
    for number, page in enumerate(pdf_windows(data, [Span(page, page + 1) for page in range(pages)]), 1):
        flow = Flow()
        flow.part(f"page={number}", metadata={"page": number})
        flow.text(page.text)
        yield from (one for one in flow.passages(most_tokens) if isinstance(one, Passage))


def _unnamed(one: Passage | Picture) -> Passage | Picture:
    """The text of a mail is the mail itself: links of it name no part."""
    return replace(one, place=replace(one.place, part=one.place.part or None))


def _within(part: str, told: Mapping[str, Any], heading: str, one: Passage | Picture) -> Passage | Picture:
    """As it is named in the whole: what it is in, then where in that."""
    own = one.place.anchor if one.place.part or one.place.page_start or one.place.start_s is not None else ""
    named = f"{part}&{own}" if own else part
    place = replace(one.place, part=named, char_start=None, char_end=None)
    path = " > ".join(filter(None, (heading, one.heading)))
    return replace(one, place=place, heading=path, metadata={**one.metadata, **told})
