"""`gemini-embed status`: what the index holds; it needs no key."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_embed_cli.answers import below
from gemini_embed_cli.commands.given import Flag, Where
from gemini_embed_cli.commands.telling import as_json, say
from gemini_embed_cli.folder import FolderError, OpenFolder, spent_usd

if TYPE_CHECKING:
    from gemini_embed.stores.aliases import HasAliases

_NAMED = 10
_PAGE = 2000


def status(*, where: Where | None = None, sources: int = _NAMED, json: Flag = False) -> None:
    """Tell what the index holds: records by kind and by source, model, sizes, codes, and what was spent.

    Parameters
    ----------
    sources
        How many sources are named, those with the most records first; 0: none.
    json
        As JSON.
    """
    with (where or Where()).opened() as opened:
        told = _looked(opened, sources)
    if json:
        as_json(told)
    else:
        say("\n".join(_lines(told)))


def _looked(opened: OpenFolder, named: int) -> dict[str, Any]:
    store = opened.store()
    made = store.made_with()
    if made is None:
        raise FolderError(f"{store} holds no index yet: gemini-embed sync {opened.settings.folder}")
    store.open(made)
    modalities: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    for batch in store.iterate(batch_size=_PAGE, with_vectors=False):
        modalities.update(record.modality or "unknown" for record in batch.records)
        sources.update(below(record.source or record.id, opened.settings.folder) for record in batch.records)
    return {
        "folder": str(opened.settings.folder),
        "store": str(store),
        "service": made.service or "google",
        "model": made.model,
        "dimensions": made.dimensions,
        "records": modalities.total(),
        "by_modality": _most(modalities),
        "sources": len(sources),
        "by_source": _most(sources, named),
        "codes": store.kept_quantization(),
        "words": store.takes_words and store.kept_words() is not None,
        "bytes": _size(store),
        "spent_usd": round(spent_usd(opened.home), 6),
    }


def _most(counts: Counter[str], named: int | None = None) -> dict[str, int]:
    """Those with the most first, and by name where they are even."""
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:named])


def _size(store: HasAliases) -> int | None:
    """Of an embedded one; a server's is the server's affair."""
    folder = getattr(store, "folder", None)
    if not isinstance(folder, Path):
        return None
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())


def _lines(told: dict[str, Any]) -> list[str]:
    made_by = "" if told["service"] == "google" else f", vectors of {told['service']}"
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in told["by_modality"].items())
    lines = [
        f"folder    {told['folder']}",
        f"store     {told['store']}",
        f"model     {told['model']}, {told['dimensions']} dimensions{made_by}",
        f"records   {told['records']:,}{f' ({kinds})' if kinds else ''} from {told['sources']:,} sources",
        *(f"          {count:6,}  {source}" for source, count in told["by_source"].items()),
        f"codes     {told['codes'] or 'none told'}; words {'kept' if told['words'] else 'not kept'}",
    ]
    if told["bytes"] is not None:
        lines.append(f"on disk   {told['bytes'] / 2**20:,.1f} MB")
    return [*lines, f"spent     ${told['spent_usd']:.4f} by this command here"]
