"""What a tool may open: the sources of an index that pass a filter, and files inside of a root."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_embed.content import media_of_type
from gemini_embed.errors import InputError
from gemini_embed.hits import Opener
from gemini_embed.indexing.recognising import TextFile
from gemini_embed.media import open_file, read_file
from gemini_embed.media.kinds import HEAD_BYTES, kind_of
from gemini_embed.readers import is_read_in_parts
from gemini_embed.readers.encoded import Said
from gemini_embed.readers.encoding import text_of
from gemini_embed.records import Record
from gemini_embed.stores import FilterLike
from gemini_embed.stores.filters import parse
from gemini_embed.stores.matching import matches

if TYPE_CHECKING:
    from gemini_embed.index import MultimodalIndex

MOST_RECORDS = 50_000
"""So many records are looked at for the names of sources."""
MOST_FILE_BYTES = 50 * 2**20
"""Of a text that no index holds, which is read as a whole."""


class Allowed:
    """What may be read through an index: its sources that pass `filter`, and with `root` all files inside of it.

    With `root` the files of sources must lie inside of it too; without it what holds for the embedder does.
    """

    def __init__(
        self, index: MultimodalIndex, root: str | os.PathLike[str] | None = None, filter: FilterLike = None
    ) -> None:
        self.index, self.filter = index, filter
        self.root = None if root is None else os.fspath(root)

    @property
    def opener(self) -> Opener:
        """Opens media as far as that is allowed."""
        return self.index.opener if self.root is None else self.index.opener.within(self.root)

    def is_read_in_parts(self, uri: str) -> bool:
        """Whether what records of a file say is another text than the file itself."""
        return is_read_in_parts(uri, self.index.readers)

    @property
    def files_in(self) -> str | None:
        """The folder that files must lie in; None: anywhere."""
        return self.root if self.root is not None else self.index.embedder.root

    def records(self, more: Mapping[str, Any] | None = None) -> Iterator[Record]:
        """Records that pass the filter, and `more`, a neutral one."""
        self.index.count()  # opens the store
        both = [one for one in (self.filter, more) if one]
        if self.filter is None or isinstance(self.filter, Mapping):
            joined = {"$and": both} if len(both) > 1 else next(iter(both), None)
            yield from self._iterated(joined)
        else:  # an engine's own filter cannot be joined with ours
            wanted = parse(more)
            yield from (one for one in self._iterated(self.filter) if matches(wanted, one.metadata))

    def _iterated(self, filter: FilterLike) -> Iterator[Record]:
        for batch in self.index.store.iterate(filter=filter, with_vectors=False):
            yield from batch.records

    def known(self, location: str, more: Mapping[str, Any] | None = None) -> Record | None:
        """A record of a source that is called so or lies there, and passes `more`; of a file with pictures in it a
        text, where it has any."""
        for field in ("source", "uri"):  # stores have an index of the first
            wanted = {field: location, **(more or {})}
            if (record := next(self.records(wanted), None)) is not None:
                if record.modality == "image" and self.is_read_in_parts(record.uri or ""):
                    return next(self.records({**wanted, "modality": "text"}), record)
                return record
        return None

    def source(self, location: str) -> Record:
        """A record of a source that is called so or lies there, or one made for a file inside of the root.

        Raises:
            InputError: there is none, with names that are like it; a file that is neither text nor a medium.
        """
        if (record := self.known(location)) is not None:
            return record
        if self.root is None or "://" in location:
            raise InputError(f"there is no source {location!r}{self._like(location)}")
        return self._file(location, self.root)

    def text(self, path: str) -> str | None:
        """What a text file says; None for one that holds anything else.

        Raises:
            InputError: missing, unreadable, outside of the root, or larger than 50 MB.
        """
        with open_file(path, root=self.files_in) as file:
            size = os.fstat(file.fileno()).st_size
            if size > MOST_FILE_BYTES:
                raise InputError(f"{path} has {size:,} bytes, more than the {MOST_FILE_BYTES:,} that are read here")
            data = file.read(size)
        return text_of(data)

    def _file(self, location: str, root: str) -> Record:
        within = os.path.join(root, location)
        path = location if os.path.exists(location) and not os.path.exists(within) else within
        try:
            head = read_file(path, root=root, head_bytes=HEAD_BYTES)
        except InputError as error:
            raise InputError(f"{error.problem}{self._like(location)}") from error
        kind = kind_of(head)
        if kind is not None and media_of_type(kind.mime_type) is not None:
            modality, mime_type = kind.modality, kind.mime_type
        elif (text := self.text(path)) is not None:
            modality, mime_type = "text", TextFile(Path(path), Said(text)).mime_type
        else:
            raise InputError(f"{location} is no image, recording, video or PDF, nor text")
        return Record("", "", {"source": location, "modality": modality, "mime_type": mime_type, "uri": path})

    def _like(self, location: str) -> str:
        """How an error about a source ends."""
        names = {name for one in islice(self.records(), MOST_RECORDS) if (name := one.uri or one.source)}
        by_tail = {os.path.basename(name): name for name in names}
        close = difflib.get_close_matches(os.path.basename(location), by_tail, n=3)
        meant = f": did you mean {' or '.join(by_tail[tail] for tail in close)}?" if close else ""
        return f"{meant or ':'} list_sources shows which there are"
