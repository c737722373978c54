"""How items are added, as the caller says it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

from gemini_embed.checks import one_of, seconds, switch
from gemini_embed.describing import GeminiDescriber
from gemini_embed.errors import ConfigurationError
from gemini_embed.indexing.candidates import Follow, Reader
from gemini_embed.indexing.choosing import Choice, patterns
from gemini_embed.indexing.isolating import IsolatedReader
from gemini_embed.indexing.items import Describe, ItemLike, Place
from gemini_embed.indexing.walking import files_at
from gemini_embed.metering import Price
from gemini_embed.readers import ReaderLike, Readers, readers_of
from gemini_embed.result import OnError
from gemini_embed.stores import Store
from gemini_embed.windows import Cutting

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder


class AddOptions(TypedDict, total=False):
    """The options of `MultimodalIndex.add`, which describes them."""

    batch_size: int
    on_error: OnError | None
    max_cost_usd: float | None
    cutting: Cutting
    describe: Describe | None
    progress: bool | None
    include: Iterable[str] | None
    exclude: Iterable[str] | None
    respect_gitignore: bool
    price: Price
    deadline_s: float | None
    replace: bool
    isolate: bool
    readers: Mapping[str, ReaderLike] | None


@dataclass(frozen=True, kw_only=True)
class How:
    """How items are added, see `MultimodalIndex.add`."""

    batch_size: int = 500
    on_error: OnError = "raise"
    cutting: Cutting = field(default_factory=Cutting)
    describe: Describe | None = None
    progress: bool | None = None
    max_cost_usd: float | None = None
    choice: Choice = field(default_factory=Choice)
    follow: Follow | None = None
    price: Price = "online"
    deadline_s: float | None = None
    replace: bool = True
    readers: Readers = field(default_factory=Readers)
    isolate: bool = False

    @classmethod
    def asked(cls, options: AddOptions, *, on_error: OnError) -> How:
        """As the caller says it; `on_error` holds where that says nothing.

        Raises:
            ConfigurationError: an option that means nothing.
        """
        wanted = {name: value for name, value in options.items() if value is not None}
        named = {name: patterns(name, wanted.pop(name, None)) for name in ("include", "exclude")}
        git = switch("respect_gitignore", wanted.pop("respect_gitignore", False))
        wanted["choice"] = Choice(**named, respect_gitignore=git)
        wanted["readers"] = readers_of(options.get("readers"))
        wanted["isolate"] = switch("isolate", wanted.get("isolate", False))
        if not callable(described := wanted.get("describe", str)) and not isinstance(described, GeminiDescriber):
            raise ConfigurationError(f"describe={described!r} is no function of a window and no GeminiDescriber")
        wanted["replace"] = switch("replace", wanted.get("replace", True))
        wanted["on_error"] = one_of("on_error", wanted.get("on_error") or on_error, OnError)
        wanted["price"] = one_of("price", wanted.get("price", "online"), Price)
        if seconds("deadline_s", wanted.get("deadline_s")) is not None and wanted["price"] != "batch":
            raise ConfigurationError('deadline_s= is for price="batch": ordinary calls take no day')
        return cls(**wanted)  # type: ignore[arg-type]  # its fields are those of AddOptions

    def reader(self, embedder: Embedder, store: Store) -> Reader:
        """What reads items for this embedder and this open store."""
        self.cutting.check(embedder.facts)
        reader = Reader(
            (store.kept_fingerprint() or embedder.fingerprint).digest,
            embedder.facts,
            root=embedder.root,
            cutting=self.cutting,
            fetch=embedder.fetch,
            describes=self.describe is not None,
            choice=self.choice,
            follow=self.follow,
            readers=self.readers,
            added_at=None if self.replace else time.time(),
        )
        return IsolatedReader.of(reader) if self.isolate else reader


def items_and_how(
    items: Iterable[ItemLike] | Place, options: AddOptions, root: str | None
) -> tuple[Iterable[ItemLike], How]:
    """The items, those of a place among them, and how they are to be added.

    Raises:
        InputError: there is nothing at the place.
        ConfigurationError: an option that means nothing.
    """
    if isinstance(items, str | os.PathLike):
        how = How.asked(options, on_error="skip")
        return files_at(items, root, how.choice), how
    return items, How.asked(options, on_error="raise")
