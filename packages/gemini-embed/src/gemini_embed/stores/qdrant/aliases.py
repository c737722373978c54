"""The aliases of a Qdrant server, or of local mode: listed, pointed, followed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Self, TypeVar

from gemini_embed.fingerprint import Fingerprint
from gemini_embed.stores.aliases import OfOneCollection, check_is_collection, is_collection
from gemini_embed.stores.base import opened
from gemini_embed.stores.qdrant.client import is_gone, is_local
from gemini_embed.stores.qdrant.collection import fingerprint_of, index_fields, own_name

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

T = TypeVar("T")


class ClientAliases(OfOneCollection):
    """Asked of the client that the store below connects."""

    _words: Any
    _root: Any = None
    """The store that closes the client when it goes, where this is a twin of it."""

    def ask_client(self, request: Callable[[QdrantClient], T]) -> T:
        """The answer to a request to the `QdrantClient`, which is connected first; the store need not be open."""
        raise NotImplementedError

    def aliases(self) -> dict[str, str]:
        found = self.ask_client(lambda client: client.get_aliases()).aliases
        return {one.alias_name: one.collection_name for one in found}

    def point_alias(self, name: str, collection: str) -> None:
        from qdrant_client import models

        known, names = self.aliases(), self.ask_client(_names)
        check_is_collection(self, collection, collection in names)
        if name in names:
            raise is_collection(
                name,
                "Qdrant cannot rename collections. Point another name at it, have the readers use that one, and "
                "switch it afterwards",
            )
        made: Any = models.CreateAlias(alias_name=name, collection_name=collection)
        changes: list[models.AliasOperations] = [models.CreateAliasOperation(create_alias=made)]
        if name in known:  # both in one request, which the server does at once
            gone = models.DeleteAlias(alias_name=name)
            changes.insert(0, models.DeleteAliasOperation(delete_alias=gone))
        self.ask_client(lambda client: client.update_collection_aliases(changes))

    def leads_to(self) -> str | None:
        return self.ask_client(self._own_name)

    def made_with(self) -> Fingerprint | None:
        name = self.leads_to()
        return None if name is None else self.ask_client(lambda client: fingerprint_of(client, name))

    def twin(self, collection: str) -> Self:
        self.ask_client(lambda client: None)
        twin = object.__new__(type(self))
        own = {"collection": collection, "alias": "pin", "_quantization": None, "_is_ours": False, "_root": self}
        twin.__dict__ |= self.__dict__ | own
        twin._let_go()
        return twin

    def index_fields(self, fields: Mapping[str, Any]) -> bool:
        """Make those payload indexes that the open store's server has not, each of the kind that is told, in Qdrant's
        words; returns whether it can have any, which local mode cannot."""
        name = opened(self, self._pinned)
        return self.ask_client(lambda client: not is_local(client) and index_fields(client, name, fields))

    def drop(self, collection: str) -> None:
        self.ask_client(lambda client: client.delete_collection(collection))

    def _let_go(self) -> None:
        self._fingerprint = self._pinned = self._words = None

    def _own_name(self, client: QdrantClient) -> str | None:
        name = own_name(client, self.collection)
        return name if client.collection_exists(name) else None

    def _gone_told(self) -> AbstractContextManager[None]:
        return self._while_it_is_there(is_gone, self._fingerprint)


def _names(client: QdrantClient) -> set[str]:
    return {one.name for one in client.get_collections().collections}
