"""The wire protocol, one module per endpoint: items to the bytes of a request, bytes of a reply to rows and usage.

batch_embed_contents, embed_content, predict    one each
batch_answers  lines of a batch job's results
options    what a request says beside its contents, and its JSON;  replies: what is read of one, by the fastest reader

Pure functions: no sockets, no clocks. The forms are those of public recordings and of google-genai's own requests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gemini_embed.models import Endpoint
from gemini_embed.wire import batch_embed_contents, embed_content, predict
from gemini_embed.wire.options import Options
from gemini_embed.wire.replies import Reply

__all__ = ["CODECS", "Codec", "Options", "Reply"]


@dataclass(frozen=True)
class Codec:
    """How one endpoint is written and read."""

    encode: Callable[..., bytes]
    decode: Callable[[bytes], Reply]


CODECS: dict[Endpoint, Codec] = {
    "batchEmbedContents": Codec(batch_embed_contents.encode, batch_embed_contents.decode),
    "embedContent": Codec(embed_content.encode, embed_content.decode),
    "predict": Codec(predict.encode, predict.decode),
}
