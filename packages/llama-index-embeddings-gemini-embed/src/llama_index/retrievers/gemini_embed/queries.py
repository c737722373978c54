"""What a query bundle asks for, and a bundle for queries of any modality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from llama_index.core.schema import QueryBundle
from llama_index.embeddings.gemini_embed.blocks import content_of

from gemini_embed import Content, Image, InputError


@dataclass
class MultimodalQuery(QueryBundle):
    """A query of words and media together: `MultimodalQuery("like this, but blue", parts=[Audio("a.wav")])`.

    `parts` are the core's parts, LlamaIndex's content blocks, paths or PIL images; with `query_str` (which may be
    empty) they are one interleaved query. Retrievers of other kinds see the words.
    """

    query_str: str = ""
    parts: Sequence[Any] = field(default=(), kw_only=True)


class Contents(NamedTuple):
    """What is embedded for a bundle; the mean is searched."""

    queries: list[Content]
    documents: list[Content]


def asked(bundle: QueryBundle) -> Contents | np.ndarray[Any, Any]:
    """Contents to embed, or the vector that came with the query.

    Of `custom_embedding_strs` those that are not the question itself are what an answer may look like (HyDE).

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
    if not words:
        return Contents([content_of(media)], [])
    said = [(text == bundle.query_str, content_of([text, *media])) for text in words]
    return Contents([one for is_asked, one in said if is_asked], [one for is_asked, one in said if not is_asked])
