"""`EmbedStage`: rows with the vector of their content in a column beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_embed.checks import one_of
from gemini_embed.content import Content
from gemini_embed.errors import InputError
from gemini_embed.indexing.items import Item, Unreadable
from gemini_embed.indexing.recognising import ReadFile, TextFile, file_part
from gemini_embed.readers import is_read_in_parts, said_in
from gemini_embed.readers.encoded import without_data
from gemini_embed.result import OnError
from gemini_embed.scale.columns import Columns, ContentColumns
from gemini_embed.scale.sharing import Share
from gemini_embed.scale.stage import Stage
from gemini_embed.scale.tables import Table
from gemini_embed.stores import FloatArray
from gemini_embed.tasks import Side

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder


class EmbedStage(Stage["Embedder"]):
    """Embeds the rows of a batch, for who writes the vectors elsewhere.

    What an engine loses before it has written is paid again, but for what the embedder's `cache=` keeps; `IndexStage`
    loses nothing. Every row is one vector: long media and texts are not cut.

    Args:
        embedder: pickles without its key, which a worker looks for in its environment.
        content: what is embedded, see `ContentColumns`.
        title: the column of the title, embedded with the content.
        vector: the name of the new column: a list of `d` float32 in pyarrow, arrays of shape (d,) elsewhere. A row that
            cannot be embedded has none, and says why in the column of this name with `_error`.
        side: how the contents are conditioned, "document" or "query".
        on_error: "raise" fails the batch instead.
        share: of the quota, for one worker: a part, such as 1/8, or a `Broker`.
    """

    def __init__(
        self,
        embedder: Embedder,
        *,
        content: ContentColumns = "text",
        title: str | None = None,
        vector: str = "vector",
        side: Side = "document",
        on_error: OnError = "skip",
        share: Share = 1.0,
    ) -> None:
        super().__init__(embedder, Columns(content, title=title), share)
        self._vector = vector
        self._side: Side = one_of("side", side, Side)
        self._on_error: OnError = one_of("on_error", on_error, OnError)

    def __repr__(self) -> str:
        return f"EmbedStage({self._held!r})"

    def __call__(self, batch: Any) -> Any:
        """The batch, with the two new columns."""
        table = Table.of(batch)
        items = [self.columns.item(row) for row in table.rows(self.columns.wanted(table.names))]
        vectors: list[FloatArray | None] = [None] * len(items)
        errors: list[str | None] = [None] * len(items)
        contents: dict[int, Content] = {}
        for place, item in enumerate(items):
            try:
                contents[place] = _content(item, self._held.root)
            except InputError as error:
                if self._on_error == "raise":
                    raise error.at(place) from error.__cause__
                errors[place] = error.problem
        size = self._held.fingerprint.dimensions
        if contents:
            places = list(contents)
            with self._at_work() as embedder:
                result = embedder.embed(list(contents.values()), side=self._side, on_error=self._on_error)
            for place, row in zip(places, result.values, strict=True):
                vectors[place] = row
            for refused in result.refused:
                vectors[places[refused.position]] = None
                errors[places[refused.position]] = refused.message
        return table.with_vectors(self._vector, vectors, size, errors)

    def _embedder_of(self, held: Embedder) -> Embedder:
        return held


def _content(item: Item, root: str | None) -> Content:
    """What is embedded of an item, its title with it."""
    like: Any = item.content
    if isinstance(like, Unreadable):
        raise like.error
    if isinstance(like, Path):
        found = file_part(like, root)
        if isinstance(found, ReadFile):
            if is_read_in_parts(str(found.path)):
                like = said_in(found.reader, found.data, str(found.path))
            else:
                like = without_data(found.data.decode("utf-8-sig"))  # code, which its reader took for text
        else:
            like = found.said.text if isinstance(found, TextFile) else found
    content = Content.of(like)
    return content if item.title is None else Content(*content.parts, title=item.title)
