"""Numbers for what tools find, each with its folder: `[7]` is one source for as long as the server lives."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

from gemini_embed import GeminiEmbedError, Hit, InputError
from gemini_embed.agents import Sources

from gemini_embed_cli.serving.mcp.folders import Folders, Served, checked

_NUMBER = re.compile(r"\[?(\d{1,9})\]?")
_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


class Numbers:
    """Thread-safe. Clients of one server share the numbers, as they share the folders: in the protocol of 2026 a
    request belongs to no session."""

    def __init__(self) -> None:
        self._sources = Sources()
        self._served: dict[int, Served] = {}
        self._lock = threading.Lock()

    def number(self, hit: Hit, served: Served) -> int:
        """The number of a hit."""
        number = self._sources.number(hit)
        with self._lock:
            self._served.setdefault(number, served)
            while len(self._served) > 2 * self._sources.most:
                del self._served[next(iter(self._served))]
        return number

    def kept(self, given: str, link: str) -> int | None:
        """The number that was given, where it is that of this link."""
        number = _NUMBER.fullmatch(given.strip())
        hit = self._sources.hits.get(int(number[1])) if number else None
        return int(number[1]) if number and hit is not None and hit.link == link else None

    def meant(self, given: str, folders: Folders) -> Iterator[tuple[Served, str]]:
        """Which links, in which folder, a number, the id of a record or a link may mean; likelier ones first.

        Raises:
            InputError: a number or an id that nothing has, or no link.
        """
        given = checked(given, "id")
        if number := _NUMBER.fullmatch(given):
            link = self._sources.link(given)
            yield self._served[int(number[1])], link
        elif _ID.fullmatch(given):
            yield _of_record(given, folders)
        else:
            yield from folders.meant(given)


def _of_record(id_: str, folders: Folders) -> tuple[Served, str]:
    failed: list[GeminiEmbedError] = []
    for served in folders.all:
        try:
            with served.folder.index() as index:
                for record in index.get([id_.lower()]):
                    return served, record.link()
        except GeminiEmbedError as error:
            failed.append(error)
    raise failed[0] if failed else InputError(f"nothing has the id {id_} any more: search again")
