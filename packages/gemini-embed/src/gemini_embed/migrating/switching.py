"""The alias that readers know, pointed at the new collection and back; the old collection dropped."""

from __future__ import annotations

from gemini_embed.errors import ConfigurationError, StoreError
from gemini_embed.migrating.source import Source
from gemini_embed.stores.aliases import HasAliases
from gemini_embed.stores.base import Store


def with_aliases(store: Store) -> HasAliases:
    """The store, if its collections can have aliases.

    Raises:
        ConfigurationError: they cannot.
    """
    if not isinstance(store, HasAliases):
        raise ConfigurationError(
            f"{store} has no aliases: have your readers open the new one, or migrate to an EdgeStore, QdrantStore or "
            "MilvusStore"
        )
    return store


def own_name(store: HasAliases) -> str:
    """Of the collection that it is of."""
    name = store.leads_to()
    if name is None:
        raise StoreError(f"{store} leads to no collection")
    return name


def point(alias: str, store: HasAliases, collection: str, expect: str | None) -> None:
    """Have an alias lead to a collection where the store is.

    Raises:
        StoreError: it leads to another one than `expect`, or is a collection's own name.
    """
    now = store.aliases().get(alias)
    if expect is not None and now != expect:
        raise StoreError(f"the alias {alias!r} leads to {now!r}, not to {expect!r} as was thought: look who moved it")
    store.point_alias(alias, collection)


def drop_collection(source: Source, target: HasAliases, *, force: bool) -> None:
    """Remove the source's collection, once nothing leads there any more.

    Raises:
        StoreError: an alias still does; or none leads to the target, so that readers may use the old one by its name.
    """
    old = with_aliases(source.store)
    if old.place != target.place and not force:
        raise StoreError(
            f"{source} and {target} are in different places, so no alias tells whether somebody still reads the old "
            "one: force=True once nobody does"
        )
    to_old = [alias for alias, name in old.aliases().items() if name == source.collection]
    if to_old and not force:
        raise StoreError(
            f"{', '.join(map(repr, to_old))} still leads to {source.collection!r}: switch first, or force=True"
        )
    if own_name(target) not in target.aliases().values() and not force:
        raise StoreError(
            f"no alias leads to {own_name(target)!r}, so whoever reads may read {source.collection!r} by its own name: "
            "switch first, or force=True once nobody does"
        )
    old.close()
    old.drop(source.collection)
    old.close()  # what dropping connected
