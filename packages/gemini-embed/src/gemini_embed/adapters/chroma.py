"""`ChromaEmbeddingFunction`: Gemini as an embedding function of Chroma's own client, registered by its name.

Chroma writes the function's name and settings into a collection, and makes the function of them when the collection is
opened: importing this module is what lets it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from gemini_embed.adapters.options import EmbedderOptions, suggestion
from gemini_embed.embedder import DEFAULT_MODEL, Embedder
from gemini_embed.errors import ConfigurationError, MissingExtraError
from gemini_embed.fingerprint import Fingerprint
from gemini_embed.tasks import Side

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gemini_embed.content import ContentLike

try:
    from chromadb.api.types import EmbeddingFunction
    from chromadb.utils.embedding_functions import register_embedding_function
except ImportError as error:
    raise MissingExtraError("chromadb is not installed: run  pip install chromadb", name="chromadb") from error

_KEPT = ("dimensions", "task", "normalize", "condition_media", "vertexai", "project", "location")
"""What a collection keeps beside the model: all that its vectors depend on, and nothing secret."""


@register_embedding_function
class ChromaEmbeddingFunction(EmbeddingFunction[Any]):  # type: ignore[misc]  # Chroma is only in the third environment
    """Documents are embedded as documents, queries as queries, pictures (`images=`) as media; the space is cosine.

        from gemini_embed.adapters.chroma import ChromaEmbeddingFunction

        notes = client.create_collection("notes", embedding_function=ChromaEmbeddingFunction(dimensions=768))
        client.get_collection("notes")  # makes it of what the collection keeps

    The collection keeps the model, what its vectors depend on and the fingerprint, but no key and no address: these
    come from the environment where it is opened, and a service that did not make its vectors is refused. Leave
    `embedding_function=` out there: Chroma compares names only, and would take one of other settings.

    Args:
        model: see `Embedder`.
        api_key: else `GOOGLE_API_KEY` or `GEMINI_API_KEY`.
        options: everything else that `Embedder` takes.

    Raises:
        ConfigurationError: an argument that is unknown or cannot be honoured.
    """

    def __init__(self, model: str = DEFAULT_MODEL, *, api_key: Any = None, **options: Unpack[EmbedderOptions]) -> None:
        for name in options:
            if name not in EmbedderOptions.__annotations__:
                known = {"model", "api_key", *EmbedderOptions.__annotations__}
                raise ConfigurationError(f"unknown argument {name}={suggestion(name, known)}")
        given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
        self.embedder = Embedder(model, api_key=api_key, **given)
        self._config = {"model": model, **{name: given[name] for name in _KEPT if name in given}}

    def __call__(self, input: Sequence[Any]) -> list[NDArray[np.float32]]:  # noqa: A002 - Chroma's name
        """One float32 array per document or picture (an array of its pixels), in order."""
        return self._embedded(input, "document")

    def embed_query(self, input: Sequence[Any]) -> list[NDArray[np.float32]]:  # noqa: A002 - Chroma's name
        """One float32 array per query, in order."""
        return self._embedded(input, "query")

    @staticmethod
    def name() -> str:
        """By which collections know it."""
        return "gemini_embed"

    def default_space(self) -> Any:
        """How a new collection compares, unless it is told otherwise."""
        return "cosine"

    def is_legacy(self) -> bool:
        """Never: Chroma would make one of the settings to find out, and without a key in the environment keep none."""
        return False

    def get_config(self) -> dict[str, Any]:
        """What a collection keeps."""
        return {**self._config, "fingerprint": self.embedder.fingerprint.to_dict()}

    @staticmethod
    def build_from_config(config: dict[str, Any]) -> ChromaEmbeddingFunction:
        """The function of a collection. Raises FingerprintMismatchError where it would make other vectors now."""
        settings = {name: value for name, value in config.items() if name != "fingerprint"}
        made = ChromaEmbeddingFunction(**settings)
        Fingerprint.from_dict(config["fingerprint"]).check(made.embedder.fingerprint, where="the collection")
        return made

    def validate_config_update(self, old_config: Mapping[str, Any], new_config: Mapping[str, Any]) -> None:
        """Refuse settings that make other vectors than the collection holds."""
        kept, wanted = (Fingerprint.from_dict(config["fingerprint"]) for config in (old_config, new_config))
        kept.check(wanted, where="the collection")

    def _embedded(self, given: Sequence[Any], side: Side) -> list[NDArray[np.float32]]:
        return list(self.embedder.embed([_content(one) for one in given], side=side).values)


def _content(one: Any) -> ContentLike:
    """A text is one; all else that Chroma knows are pixels, shape (height, width, 3)."""
    if isinstance(one, str):
        return one
    from PIL import Image  # with the extra `media`

    return Image.fromarray(one)
