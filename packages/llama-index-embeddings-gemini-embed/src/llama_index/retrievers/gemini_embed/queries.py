"""What a query bundle asks for, and a bundle for queries of any modality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from llama_index.core.schema import QueryBundle
from llama_index.embeddings.gemini_embed.blocks import content_of

from gemini_embed import Content, Image, InputError, Words


@dataclass
class MultimodalQuery(QueryBundle):
    """A query of words and media together: `MultimodalQuery("like this, but blue", parts=[Audio("a.wav")])`.

    `parts` are the core's parts, LlamaIndex's content blocks, paths or PIL images; with `query_str` (which may be
    empty) they are one interleaved query. Retrievers of other kinds see the words. `lexical` takes the place of the
    retriever's.
    """

    query_str: str = ""
    parts: Sequence[Any] = field(default=(), kw_only=True)
    lexical: bool | float | Words | None = field(default=None, kw_only=True)


def asked(bundle: QueryBundle) -> list[Content] | np.ndarray[Any, Any]:
    """Contents to embed, of which the mean is searched, or the vector that came with the query.

    Raises:
        InputError: the query holds nothing.
    """
    if bundle.embedding is not None:
        return np.asarray(bundle.embedding, dtype=np.float32)
    media = [Image(bundle.image_path)] if bundle.image_path else []
    media += bundle.parts if isinstance(bundle, MultimodalQuery) else ()
    words = bundle.embedding_strs
    if not words and not media:
        raise InputError("the query is empty: give query_str, image_path, parts or embedding")
    return [content_of([text, *media]) for text in words] or [content_of(media)]
