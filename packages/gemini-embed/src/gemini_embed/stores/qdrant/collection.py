"""A Qdrant collection's making and its fingerprint, which is kept in the collection's metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from gemini_embed.errors import ConfigurationError, StoreError
from gemini_embed.fingerprint import Fingerprint
from gemini_embed.stores.adopting import adopted, check_fits, check_vouched_for
from gemini_embed.stores.lexical import SPARSE_NAME, KeptWords
from gemini_embed.stores.points import INDEXED_FIELDS

if TYPE_CHECKING:
    from qdrant_client import QdrantClient, models

_KEY = "gemini_embed"
WORDS_KEY = "gemini_embed_lexical"


class Found(NamedTuple):
    """A collection as it is: its fingerprint, the names of its sparse vectors, and what it keeps about its words."""

    fingerprint: Fingerprint
    sparse: tuple[str, ...]
    words: KeptWords | None


def ensure(
    client: QdrantClient,
    name: str,
    wanted: Fingerprint,
    *,
    adopt: bool,
    indexed: bool,
    quantized: bool,
    sparse: bool = False,
) -> Found:
    """Collection `name`, which is created with `wanted` if need be.

    `indexed`: whether payload indexes mean anything (local mode has none, and warns). `quantized`: keep an int8 copy of
    the vectors too; ConfigurationError where another quantisation is there. `sparse`: a new one has room for words.
    """
    from qdrant_client import models

    if not client.collection_exists(name):
        _create(client, name, wanted, sparse=sparse)
    info = client.get_collection(name)
    quantisation = _quantisation(info)
    if quantized and quantisation is not None and not _is_int8(quantisation):
        raise ConfigurationError(
            f'collection {name!r} is quantised otherwise ({quantisation}), so quantization="int8" would change '
            "nothing: leave it out to use what is there, or have the server change it (update_collection)"
        )
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
    if quantized and quantisation is None:
        int8 = models.ScalarQuantizationConfig(type=models.ScalarType.INT8, always_ram=True)
        client.update_collection(name, quantization_config=models.ScalarQuantization(scalar=int8))
    words: Any = (info.config.metadata or {}).get(WORDS_KEY)
    sparse_names = tuple(info.config.params.sparse_vectors or ())
    return Found(kept, sparse_names, None if words is None else KeptWords.from_dict(words))


def _quantisation(info: models.CollectionInfo) -> Any:
    """What holds for the vectors: their own setting, else the collection's; None where there is none."""
    return getattr(info.config.params.vectors, "quantization_config", None) or info.config.quantization_config


def _is_int8(quantisation: Any) -> bool:
    scalar = getattr(quantisation, "scalar", None)
    return scalar is not None and getattr(scalar.type, "value", scalar.type) == "int8"


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
