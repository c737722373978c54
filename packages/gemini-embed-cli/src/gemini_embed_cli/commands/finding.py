"""What `search` does, once it is known what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gemini_embed_cli.answers import founds
from gemini_embed_cli.commands.asking import filter_of, query_of
from gemini_embed_cli.commands.ending import DONE, NOTHING
from gemini_embed_cli.commands.telling import as_json, note, open_hit, table
from gemini_embed_cli.folder import OpenFolder, remember, remembered, words_kept

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gemini_embed import Hits
    from gemini_embed.content import Part


@dataclass(frozen=True, kw_only=True)
class Search:
    """A search as it was typed; `gemini-embed search` says what each of these is."""

    query: tuple[str, ...]
    k: int = 10
    kind: tuple[str, ...] = ()
    filter: tuple[str, ...] = ()
    open_: int | None = None
    html: Path | None = None
    json: bool = False

    def done(self, opened: OpenFolder) -> int:
        """Answer it, close the folder, and return the exit code."""
        with opened:
            if not self.query and self.open_ is not None:
                open_hit(remembered(opened.home, self.open_))
                return DONE
            hits = self._found(opened)
            if self.html is not None:
                self._write(self.html, opened, hits)
        self._tell(opened, hits)
        if self.open_ is not None:
            open_hit(remembered(opened.home, self.open_))
        return DONE if hits else NOTHING

    def _found(self, opened: OpenFolder) -> Hits:
        parts, wanted = query_of(self.query), filter_of(self.kind, self.filter)
        with opened.index() as index:
            words = words_kept(index, _text(parts))
            hits = index.search(parts if len(parts) > 1 else parts[0], self.k, filter=wanted, lexical=words)
        try:
            remember(opened.home, self.query, hits)
        except OSError as error:  # of a folder that is only read, with its index elsewhere
            note(f"--open and clip will not know this search: {error.filename}: {error.strerror}")
        return hits

    def _write(self, out: Path, opened: OpenFolder, hits: Hits) -> None:
        from gemini_embed.content import Media

        from gemini_embed_cli.serving.page.export import Answer, write_page

        parts, settings = query_of(self.query), opened.settings
        media = [part for part in parts if isinstance(part, Media)]
        about = f"The best of {settings.folder}, by vectors of {opened.embedder.model}."
        title = f"Search {settings.folder.name}"
        answer = Answer(hits=hits, words=_text(parts), media=media)
        write_page(out, [answer], root=settings.folder, title=title, about=about, emulator=settings.emulator)

    def _tell(self, opened: OpenFolder, hits: Hits) -> None:
        folder = opened.settings.folder
        answers = founds(hits, folder)
        if self.json:
            as_json({"folder": str(folder), "query": list(self.query), "hits": [hit.to_dict() for hit in answers]})
        elif answers:
            table(answers, folder)
        else:
            note("nothing found")


def _text(parts: Sequence[Part]) -> str:
    from gemini_embed import Text

    return " ".join(part.text for part in parts if isinstance(part, Text))
