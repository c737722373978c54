"""What a query bundle asks for, and a bundle for queries of any modality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from llama_index.core.schema import QueryBundle
from llama_index.embeddings.gemini_embed.blocks import content_of

from gemini_embed import Content, Image, InputError, Words
from gemini_embed.searching import Hypothetical


@dataclass
class MultimodalQuery(QueryBundle):
    """A query of words and media together: `MultimodalQuery("like this, but blue", parts=[Audio("a.wav")])`.

    `parts` are the core's parts, LlamaIndex's content blocks, paths or PIL images; with `query_str` (which may be
    empty) they are one interleaved query. Retrievers of other kinds see the words. `hypothetical` is what an answer
    might say, as of `MultimodalIndex.search`, and `lexical` says which words to look for; None leaves either to the
    retriever.
    """

    query_str: str = ""
    parts: Sequence[Any] = field(default=(), kw_only=True)
    hypothetical: Hypothetical = field(default=None, kw_only=True)
    lexical: bool | float | Words | None = field(default=None, kw_only=True)


class Question(NamedTuple):
    """What a bundle asks for."""

    query: Content | np.ndarray[Any, Any] | None
    """One content, or the vector that came with it; None where there are hypothetical answers alone."""
    hypothetical: Hypothetical = None


def asked(bundle: QueryBundle) -> Question:
    """A query to embed, or the vector that came with it, and hypothetical answers.

    Of `custom_embedding_strs` the text that is `query_str` is the query; all others are hypothetical answers, which
    `HyDEQueryTransform` puts there: documents, and not what somebody asks.

    Raises:
        InputError: the query holds nothing.
    """
    own = bundle.hypothetical if isinstance(bundle, MultimodalQuery) else None
    if bundle.embedding is not None:
        return Question(np.asarray(bundle.embedding, dtype=np.float32), own)
    media = [Image(bundle.image_path)] if bundle.image_path else []
    media += bundle.parts if isinstance(bundle, MultimodalQuery) else ()
    words = bundle.embedding_strs
    answers = [text for text in words if text != bundle.query_str]
    parts = [*([bundle.query_str] if len(answers) < len(words) else []), *media]
    if not parts and not answers:
        raise InputError("the query is empty: give query_str, image_path, parts or embedding")
    return Question(content_of(parts) if parts else None, answers or own)
