"""What the collection of a folder is called on a server that several folders share."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from gemini_embed_cli.folder.settings import Settings

if TYPE_CHECKING:
    from gemini_embed import Record
    from gemini_embed.stores.aliases import HasAliases

_PAGE = 1000
_LONGEST = 80
"""Letters of a folder's name in a collection's."""


def collection_name(settings: Settings) -> str:
    """`gemini_embed_docs_1a2b3c4d`: the folder's last name, and a digest of its whole path, so that `/a/docs` and
    `/b/docs` have one each. A folder that is moved has another: `#COLLECTION` behind the address keeps its old one."""
    folder = settings.folder
    ascii_ = unicodedata.normalize("NFKD", folder.name).encode("ascii", "ignore").decode()
    words = re.sub("[^0-9A-Za-z]+", "_", ascii_).strip("_")[:_LONGEST]
    digest = blake2b(folder.as_posix().encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()
    return "_".join(filter(None, ("gemini_embed", words, digest, "emulator" if settings.emulator else "")))


def collection_of(settings: Settings, stored: Callable[[str], HasAliases]) -> HasAliases:
    """The store of the folder's collection. One of the name that collections had before, without the digest, goes on
    as this folder's, unless what is in it comes from another folder of that last name."""
    store = stored(collection_name(settings))
    if store.leads_to() is not None:
        return store
    name = _earlier_name(settings)
    earlier = store.twin(name)
    try:
        is_ours = _is_of(earlier, settings.folder)
    finally:
        earlier.close()
    if not is_ours:
        return store
    store.close()
    return stored(name)


def _earlier_name(settings: Settings) -> str:
    words = re.sub("[^0-9A-Za-z]+", "_", settings.folder.name)
    return f"gemini_embed_{words}{'_emulator' if settings.emulator else ''}"


def _is_of(store: HasAliases, folder: Path) -> bool:
    """Whether the folder's vectors are in a store that is there."""
    made = store.made_with()
    if made is None:
        return False
    store.open(made)
    is_anothers = False
    for batch in store.iterate(batch_size=_PAGE, with_vectors=False):
        for record in batch.records:
            parents = _path(record).parents
            if folder in parents:
                return True
            is_anothers |= any(parent.name == folder.name for parent in parents)
    return not is_anothers


def _path(record: Record) -> PurePath:
    return PurePath(record.uri or record.source or "")
