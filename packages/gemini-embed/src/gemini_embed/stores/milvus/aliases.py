"""The aliases of a Milvus server, or of a file of Milvus Lite: listed, pointed, followed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Self, TypeVar

from gemini_embed.fingerprint import Fingerprint
from gemini_embed.stores.aliases import OfOneCollection, check_is_collection, is_collection
from gemini_embed.stores.milvus.collection import fingerprint_of, is_gone

if TYPE_CHECKING:
    from pymilvus import MilvusClient

T = TypeVar("T")


class ClientAliases(OfOneCollection):
    """Asked of the client that the store below connects."""

    _is_ours = True
    """Whether closing the store closes what is connected."""

    def ask_client(self, request: Callable[[MilvusClient], T]) -> T:
        """The answer to a request to the `MilvusClient`, which is connected first; the store need not be open."""
        raise NotImplementedError

    def aliases(self) -> dict[str, str]:
        return self.ask_client(_aliases)

    def point_alias(self, name: str, collection: str) -> None:
        known = self.ask_client(lambda client: [*client.list_collections()])
        check_is_collection(self, collection, collection in known)
        if name in known:
            raise is_collection(
                name,
                f"rename it first (rename_collection({name!r}, ...), and readers fail until the alias is made), or "
                "take another name",
            )
        if name in self.aliases():
            self.ask_client(lambda client: client.alter_alias(collection, name))
        else:
            self.ask_client(lambda client: client.create_alias(collection, name))

    def leads_to(self) -> str | None:
        return self.ask_client(self._own_name)

    def made_with(self) -> Fingerprint | None:
        name = self.leads_to()
        return None if name is None else self.ask_client(lambda client: fingerprint_of(client, name))

    def twin(self, collection: str) -> Self:
        self.ask_client(lambda client: None)
        twin = object.__new__(type(self))
        twin.__dict__ |= self.__dict__ | {"collection": collection, "alias": "pin", "_is_ours": False}
        twin._let_go()
        return twin

    def drop(self, collection: str) -> None:
        def dropped(client: MilvusClient) -> None:
            if client.has_collection(collection):
                for alias in client.list_aliases(collection)["aliases"]:  # newer servers may refuse while there is one
                    client.drop_alias(alias)
                client.drop_collection(collection)

        self.ask_client(dropped)

    def _let_go(self) -> None:
        self._fingerprint = self._pinned = None

    def _own_name(self, client: MilvusClient) -> str | None:
        if not client.has_collection(self.collection):
            return None
        described: dict[str, Any] = client.describe_collection(self.collection)
        return str(described["collection_name"])

    def _gone_told(self) -> AbstractContextManager[None]:
        return self._while_it_is_there(is_gone, self._fingerprint)


def _aliases(client: MilvusClient) -> dict[str, str]:
    each = client.list_collections()
    return {alias: name for name in each for alias in client.list_aliases(name)["aliases"]}
