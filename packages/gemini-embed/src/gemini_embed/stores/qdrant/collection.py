"""A Qdrant collection's making and its fingerprint, which is kept in the collection's metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from gemini_embed.errors import StoreError
from gemini_embed.fingerprint import Fingerprint
from gemini_embed.stores.adopting import adopted, check_fits, check_vouched_for
from gemini_embed.stores.lexical import SPARSE_NAME, KeptWords
from gemini_embed.stores.points import INDEXED_FIELDS
from gemini_embed.stores.quantization import check_kept, client_config, name_of

if TYPE_CHECKING:
    from qdrant_client import QdrantClient, models

_KEY = "gemini_embed"
WORDS_KEY = "gemini_embed_lexical"


class Found(NamedTuple):
    """A collection as it is: its own name, fingerprint and codes, the names of its sparse vectors, and what is
    kept about its words."""

    name: str
    fingerprint: Fingerprint
    quantization: str
    sparse: tuple[str, ...]
    words: KeptWords | None


def ensure(
    client: QdrantClient,
    name: str,
    wanted: Fingerprint,
    *,
    adopt: bool,
    indexed: bool,
    quantization: str | None,
    sparse: bool = False,
) -> Found:
    """The collection that `name` leads to now, which is created with `wanted` if need be.

    `indexed`: whether payload indexes mean anything (local mode has none, and warns). `quantization`: its codes, where
    it has none so far; ConfigurationError where it has others. `sparse`: a new one has room for words.
    """
    from qdrant_client import models

    name = own_name(client, name)
    if not client.collection_exists(name):
        _create(client, name, wanted, sparse=sparse)
    info = client.get_collection(name)
    codes = _codes(info)
    check_kept(f"collection {name!r}", codes, quantization)
    kept = _fingerprint(info)
    if kept is None:
        kept = adopted(
            check=lambda: _check_may_take_over(client, name, info, wanted, adopt),
            write=lambda: client.update_collection(name, metadata={_KEY: wanted.to_dict()}),
            read=lambda: _fingerprint(client.get_collection(name)),
            kept_in="collection metadata, where the fingerprint lives: use Qdrant 1.16+",
        )
    if indexed:
        for field in INDEXED_FIELDS:
            if field not in info.payload_schema:
                client.create_payload_index(name, field, models.PayloadSchemaType.KEYWORD)
    if quantization not in (None, codes):
        codes = change_codes(client, name, quantization)
    words: Any = (info.config.metadata or {}).get(WORDS_KEY)
    sparse_names = tuple(info.config.params.sparse_vectors or ())
    return Found(name, kept, codes, sparse_names, None if words is None else KeptWords.from_dict(words))


def own_name(client: QdrantClient, name: str) -> str:
    """`name`, or that of the collection which it is an alias of."""
    from qdrant_client.http.exceptions import UnexpectedResponse

    try:
        aliases = client.get_aliases().aliases
    except UnexpectedResponse as error:
        if error.status_code != 403:
            raise
        return name  # a key that may not list them may not be let into the collection by its own name either
    return next((one.collection_name for one in aliases if one.alias_name == name), name)


def change_codes(client: QdrantClient, name: str, quantization: str) -> str:
    """Have the server make other codes, which it does in its own time; returns their name.

    Raises:
        StoreError: it did not take them, as one that is too old for them.
    """
    from qdrant_client import models

    config = client_config(quantization, models)
    client.update_collection(name, quantization_config=config)
    vectors = client.get_collection(name).config.params.vectors
    if getattr(vectors, "quantization_config", None) is not None:  # of the vectors themselves, which goes first
        own = {"": models.VectorParamsDiff(quantization_config=config)}
        client.update_collection(name, vectors_config=own)
    if (kept := _codes(client.get_collection(name))) != quantization:
        raise StoreError(f"collection {name!r}: the server was asked for the codes {quantization!r} and holds {kept!r}")
    return quantization


def _codes(info: models.CollectionInfo) -> str:
    """The codes that hold for the vectors: their own setting, else the collection's."""
    kept: Any = getattr(info.config.params.vectors, "quantization_config", None) or info.config.quantization_config
    return name_of(None if kept is None else kept.model_dump(mode="json", exclude_none=True))


def _create(client: QdrantClient, name: str, wanted: Fingerprint, *, sparse: bool) -> None:
    from qdrant_client import models
    from qdrant_client.http.exceptions import UnexpectedResponse

    vectors = models.VectorParams(size=wanted.dimensions, distance=models.Distance.COSINE)
    try:
        client.create_collection(
            name,
            vectors_config=vectors,
            sparse_vectors_config={SPARSE_NAME: models.SparseVectorParams(modifier=models.Modifier.IDF)}
            if sparse
            else None,
            metadata={_KEY: wanted.to_dict()},
        )
    except UnexpectedResponse as error:
        if error.status_code != 409:  # another process was first: its fingerprint is checked like any other
            raise


def index_fields(client: QdrantClient, name: str, fields: Mapping[str, Any]) -> bool:
    """Make those payload indexes that are not there, each of the kind that is told; then they are."""
    there = client.get_collection(name).payload_schema
    for field, kind in fields.items():
        if field not in there:
            client.create_payload_index(name, field, kind)
    return True


def fingerprint_of(client: QdrantClient, name: str) -> Fingerprint | None:
    """What a collection says of how its vectors were made."""
    return _fingerprint(client.get_collection(name))


def _fingerprint(info: models.CollectionInfo) -> Fingerprint | None:
    kept: Any = (info.config.metadata or {}).get(_KEY)
    return None if kept is None else Fingerprint.from_dict(kept)


def _check_may_take_over(
    client: QdrantClient, name: str, info: models.CollectionInfo, wanted: Fingerprint, adopt: bool
) -> None:
    """A collection without a fingerprint becomes ours when its vectors fit, and it is empty or vouched for."""
    from qdrant_client import models

    vectors = info.config.params.vectors
    if isinstance(vectors, dict) and vectors.keys() == {""}:  # as langchain-qdrant makes it
        vectors = vectors[""]
    if not isinstance(vectors, models.VectorParams):
        raise StoreError(
            f"collection {name!r} has named vectors, or none; ours has one unnamed vector: use another one"
        )
    check_fits(name, vectors.size, vectors.distance.value, wanted, cosine=models.Distance.COSINE.value, kind="distance")
    check_vouched_for(name, client.count(name, exact=True).count, wanted, adopt=adopt)
