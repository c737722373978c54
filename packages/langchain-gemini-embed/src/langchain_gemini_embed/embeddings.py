"""`GeminiEmbeddings`: LangChain's vocabulary in front of `gemini_embed.Embedder`, which does the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack

from gemini_embed import Content, Embedder, Image
from gemini_embed.adapters import EmbedderOptions, hides_arguments, warn, without_secret_headers
from gemini_embed.tasks import Side
from langchain_core.embeddings import Embeddings
from pydantic import PrivateAttr, SecretStr

from langchain_gemini_embed.fields import Fields, key_from_environment
from langchain_gemini_embed.options import SYNONYMS, Options, canonical, http_options
from langchain_gemini_embed.ready import vectors_ready
from langchain_gemini_embed.sides import as_texts, refuse_title, said_of_side, side_of, texts_alone
from langchain_gemini_embed.usage import ausage_reported, usage_reported

if TYPE_CHECKING:
    from gemini_embed import BatchRun

    from langchain_gemini_embed.blocks import ContentInput


class GeminiEmbeddings(Fields, Embeddings):
    """Gemini embeddings of any modality: one vector per input, queries told from documents.

        embeddings = GeminiEmbeddings()  # GEMINI_API_KEY
        embeddings = GeminiEmbeddings(model="gemini-embedding-001", output_dimensionality=768)
        embeddings = GeminiEmbeddings(vertexai=True, project="my-project")

    Takes the arguments of langchain-google-genai's `GoogleGenerativeAIEmbeddings`; what cannot be honoured is refused
    by name. The core's names `api_key`, `task`, `dimensions` and `headers` are understood beside the official ones.
    Fields are fixed once made, but for those that a subclass adds: `model_copy(update={...})` gives another object.
    Batches, retries, limits and prefixes are those of `gemini_embed.Embedder`, which `.embedder` gives, for arrays and
    token counts.

    Raises:
        gemini_embed.ConfigurationError: an argument that is unknown or cannot be honoured.
        pydantic.ValidationError: an argument of a wrong type.
        gemini_embed.GeminiEmbedError: from every call, see `gemini_embed.errors`; nothing is wrapped.
    """

    _embedder: Embedder = PrivateAttr()
    _has_warned: bool = PrivateAttr(default=False)

    @hides_arguments
    def __init__(self, **options: Unpack[Options]) -> None:
        super().__init__(**canonical(options, type(self).model_fields))
        # Not in a validator: pydantic would wrap the core's errors.
        self._embedder = self._new_embedder()

    @property
    def embedder(self) -> Embedder:
        """The core's embedder behind this object: arrays, usage, `close()`, and what a `MultimodalIndex` is made of."""
        return self._embedder

    def embed_documents(
        self,
        texts: list[str],
        *,
        batch_size: int | None = None,
        task_type: str | None = None,
        titles: Sequence[str | None] | None = None,
        output_dimensionality: int | None = None,
        title: None = None,
    ) -> list[list[float]]:
        """One vector per text, in order. `titles[i]`, if any, goes with `texts[i]`. They are documents, unless this
        call's `task_type` is "RETRIEVAL_QUERY". `title` is refused: the titles are `titles`."""
        if (made := vectors_ready(texts)) is not None:
            return made
        with usage_reported():
            if self._side(task_type, "document") == "query":
                refuse_title(titles or title)
                result = self._embedder.embed(
                    as_texts(texts),
                    side="query",
                    dimensions=output_dimensionality,
                    batch_size=batch_size,
                    task=task_type,
                )
            else:
                result = self._embedder.embed_documents(
                    texts,
                    titles,
                    task=task_type,
                    dimensions=output_dimensionality,
                    batch_size=batch_size,
                    title=title,
                )
        return result.tolist()

    async def aembed_documents(
        self,
        texts: list[str],
        *,
        batch_size: int | None = None,
        task_type: str | None = None,
        titles: Sequence[str | None] | None = None,
        output_dimensionality: int | None = None,
        title: None = None,
    ) -> list[list[float]]:
        """`embed_documents`, awaited."""
        async with ausage_reported():
            if self._side(task_type, "document") == "query":
                refuse_title(titles or title)
                result = await self._embedder.aembed(
                    as_texts(texts),
                    side="query",
                    dimensions=output_dimensionality,
                    batch_size=batch_size,
                    task=task_type,
                )
            else:
                result = await self._embedder.aembed_documents(
                    texts,
                    titles,
                    task=task_type,
                    dimensions=output_dimensionality,
                    batch_size=batch_size,
                    title=title,
                )
        return result.tolist()

    def embed_query(
        self,
        text: str,
        *,
        task_type: str | None = None,
        title: None = None,
        output_dimensionality: int | None = None,
    ) -> list[float]:
        """The vector of a query; of a document, if this call's `task_type` is "RETRIEVAL_DOCUMENT". `title` is the
        official argument, and refused: only documents have titles."""
        refuse_title(title)
        with usage_reported():
            if self._side(task_type, "query") == "document":
                result = self._embedder.embed_documents([text], task=task_type, dimensions=output_dimensionality)
            else:
                result = self._embedder.embed_query(text, task=task_type, dimensions=output_dimensionality)
        (vector,) = result.tolist()
        return vector

    async def aembed_query(
        self,
        text: str,
        *,
        task_type: str | None = None,
        title: None = None,
        output_dimensionality: int | None = None,
    ) -> list[float]:
        """`embed_query`, awaited."""
        refuse_title(title)
        async with ausage_reported():
            if self._side(task_type, "query") == "document":
                result = await self._embedder.aembed_documents([text], task=task_type, dimensions=output_dimensionality)
            else:
                result = await self._embedder.aembed_query(text, task=task_type, dimensions=output_dimensionality)
        (vector,) = result.tolist()
        return vector

    def embed(
        self, contents: Sequence[ContentInput], *, side: Literal["query", "document"] = "document"
    ) -> list[list[float]]:
        """One vector per content: a str, a content block, an image, a message, or a list of these, read as one."""
        with usage_reported():
            result = self._embedder.embed(_contents_of(contents), side=side)
        return result.tolist()

    async def aembed(
        self, contents: Sequence[ContentInput], *, side: Literal["query", "document"] = "document"
    ) -> list[list[float]]:
        """`embed`, awaited."""
        async with ausage_reported():
            result = await self._embedder.aembed(_contents_of(contents), side=side)
        return result.tolist()

    def submit_batch(
        self,
        texts: Sequence[str],
        titles: Sequence[str | None] | None = None,
        *,
        name: str | None = None,
        max_cost_usd: float | None = None,
    ) -> BatchRun:
        """Have documents embedded by jobs of the Batch API, at half the price; needs `cache=`.

        Returns when the jobs are made; `.wait()` waits until the cache holds the vectors, hours perhaps. From then on
        `embed_documents`, `add_documents` and an indexing pipeline find them there, and send nothing. For the arguments
        see `gemini_embed.Batches.submit_documents`.
        """
        batches = self._embedder.batches
        return batches.submit_documents(texts_alone(texts), titles, name=name, max_cost_usd=max_cost_usd)

    async def asubmit_batch(
        self,
        texts: Sequence[str],
        titles: Sequence[str | None] | None = None,
        *,
        name: str | None = None,
        max_cost_usd: float | None = None,
    ) -> BatchRun:
        """`submit_batch`, awaited."""
        batches = self._embedder.batches
        return await batches.asubmit_documents(texts_alone(texts), titles, name=name, max_cost_usd=max_cost_usd)

    def embed_image(self, uris: list[str]) -> list[list[float]]:
        """One vector per image, by path or URL: the method that vector stores such as Chroma look for."""
        return self.embed([Image(uri) for uri in uris])

    async def aembed_image(self, uris: list[str]) -> list[list[float]]:
        """`embed_image`, awaited."""
        return await self.aembed([Image(uri) for uri in uris])

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Another object with the same arguments but for `update`, which is checked; it has its own connections."""
        changed = canonical(update or {}, type(self).model_fields)
        return type(self)(**{name: getattr(self, name) for name in self.model_fields_set} | changed)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return self.model_copy()  # field by field it would fail on an SSL context

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        fields = {**state["__dict__"], "google_api_key": None, "credentials": None}
        fields["additional_headers"] = self.additional_headers and without_secret_headers(self.additional_headers)
        # These are in the embedder, which leaves their secrets behind too.
        fields |= {"client_args": None, "proxy": None}
        return {**state, "__dict__": fields}

    def __setstate__(self, state: dict[Any, Any]) -> None:
        super().__setstate__(state)
        self.__dict__["google_api_key"] = key_from_environment()

    def _side(self, task_type: str | None, side: Side) -> Side:
        """The side that a call is sent as: its method's, unless its own `task_type` names one."""
        if task_type is not None:
            return side_of(task_type) or side
        if not self._has_warned and side_of(self.task_type) not in (None, side):
            self._has_warned = True
            warn(said_of_side(self.task_type, side))
        return side

    def _new_embedder(self) -> Embedder:
        given = {option: getattr(self, SYNONYMS.get(option, option)) for option in EmbedderOptions.__annotations__}
        given["task"] = given["task"] or None  # "" is how a variable of the environment says nothing
        http = http_options(
            {name: given.pop(name) for name in ("headers", "proxy", "verify", "timeout_s")},
            client_args=self.client_args,
            request_options=self.request_options,
        )
        return Embedder(
            self.model,
            # A key from the environment is the core's to find: a project may come before it.
            api_key=self._given_key(),
            batch_size=self.batch_size,
            **{option: value for option, value in (given | http).items() if value is not None},
        )

    def _given_key(self) -> SecretStr | None:
        """The key of the arguments. Beside a project it is not used, as in the official class."""
        if "google_api_key" not in self.model_fields_set or self.google_api_key is None:
            return None
        named = [name for name in ("project", "credentials") if getattr(self, name) is not None]
        if self.vertexai is False or not named:
            return self.google_api_key
        warn(f"google_api_key= is not used: {named[0]}= means Vertex AI in the project's name; leave one of them out")
        return None


def _contents_of(contents: Sequence[ContentInput]) -> list[Content]:
    # langchain_core.documents takes a tenth of the time of a cold start, and texts do not need it
    from langchain_gemini_embed.blocks import contents_of

    return contents_of(contents)
