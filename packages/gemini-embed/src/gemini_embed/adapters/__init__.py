"""What stands in front of the embedder for others: the words of other libraries, and what our plugins need beside the
public names.

options               the options of `Embedder`, said once
genai_options         google-genai's option objects in our words
embedding_function    an embedding function for Milvus users;  chroma: one for Chroma's own client
words                 sparse vectors as an index makes them
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gemini_embed.adapters.genai_options import combined, from_client_args, from_config, from_http_options, to_config
from gemini_embed.adapters.options import EmbedderOptions, suggestion
from gemini_embed.embedder import DEFAULT_MODEL
from gemini_embed.notices import warn
from gemini_embed.secret import hides_arguments, without_secret_headers
from gemini_embed.service import KEY_VARIABLES
from gemini_embed.tokens import IMAGE_TOKENS, likely_tokens

if TYPE_CHECKING:
    from gemini_embed.adapters.embedding_function import GeminiEmbeddingFunction
    from gemini_embed.adapters.words import SPARSE_NAME, Indexed, SparseWords
    from gemini_embed.hits import Opener
    from gemini_embed.indexing import Unreadable
    from gemini_embed.indexing.items import anew
    from gemini_embed.preparing.examining import likely_media_tokens
    from gemini_embed.stores.llama_nodes import node_payload
    from gemini_embed.stores.matching import matches

_LAZY = {
    "GeminiEmbeddingFunction": "gemini_embed.adapters.embedding_function",
    "Opener": "gemini_embed.hits.opening",
    "SPARSE_NAME": "gemini_embed.adapters.words",
    "Indexed": "gemini_embed.adapters.words",
    "SparseWords": "gemini_embed.adapters.words",
    "Unreadable": "gemini_embed.indexing",
    "anew": "gemini_embed.indexing.items",
    "likely_media_tokens": "gemini_embed.preparing.examining",
    "matches": "gemini_embed.stores.matching",
    "node_payload": "gemini_embed.stores.llama_nodes",
}
"""What texts alone need nothing of: media, stores and indexing are loaded when one of these is first used."""

__all__ = [
    "DEFAULT_MODEL",
    "IMAGE_TOKENS",
    "KEY_VARIABLES",
    "SPARSE_NAME",
    "EmbedderOptions",
    "GeminiEmbeddingFunction",
    "Indexed",
    "Opener",
    "SparseWords",
    "Unreadable",
    "anew",
    "combined",
    "from_client_args",
    "from_config",
    "from_http_options",
    "hides_arguments",
    "likely_media_tokens",
    "likely_tokens",
    "matches",
    "node_payload",
    "suggestion",
    "to_config",
    "warn",
    "without_secret_headers",
]


if not TYPE_CHECKING:  # a type checker would take any misspelt name for one of these

    def __getattr__(name: str) -> Any:
        if name in _LAZY:
            return getattr(import_module(_LAZY[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
