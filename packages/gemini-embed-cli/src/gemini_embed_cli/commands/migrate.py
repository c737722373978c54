"""`gemini-embed migrate`: the index embedded anew by another model or size, then put in the place of the old one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gemini_embed_cli.commands.given import Flag, Money, Where
from gemini_embed_cli.commands.pricing import agree
from gemini_embed_cli.commands.telling import as_json, note, say
from gemini_embed_cli.folder import FolderError, OpenFolder

if TYPE_CHECKING:
    from gemini_embed import MultimodalIndex
    from gemini_embed.stores.aliases import HasAliases


def migrate(
    *,
    to_model: str | None = None,
    to_dimensions: int | None = None,
    where: Where | None = None,
    money: Money | None = None,
    drop_old: Flag = False,
    json: Flag = False,
) -> None:
    """Embed what the index holds by another model or size, verify it, and put it in the place of the old one.

    Searches go on meanwhile. Interrupted, it goes on where it was when it is called again.

    Parameters
    ----------
    to_model
        The model that is wanted; the same by default.
    to_dimensions
        The length of vectors that is wanted; the same by default.
    drop_old
        Remove the old vectors at the end; else they stay beside the new ones.
    json
        The report as JSON.
    """
    if to_model is None and to_dimensions is None:
        raise FolderError("migrate to what? Say --to-model, --to-dimensions, or both")
    money = money or Money()
    with (where or Where()).opened() as opened:
        if opened.settings.store is not None:
            raise FolderError("migrate is for the index in .gemini-embed/; for a server see docs/migration.md")
        _migrated(opened, to_model, to_dimensions, money, drop_old=drop_old, json=json)


def _migrated(
    opened: OpenFolder, model: str | None, dimensions: int | None, money: Money, *, drop_old: bool, json: bool
) -> None:
    from gemini_embed import Migration

    old = opened.store()
    name = old.leads_to()
    with opened.index() as index, _target(opened, old, model, dimensions) as target:
        if target.embedder.fingerprint == index.embedder.fingerprint:
            raise FolderError("the index is of this model and size already")
        migration = Migration(old, target)
        agree(migration.estimate().embedded, money, opened.settings)
        report = migration.run(max_cost_usd=money.max_cost)
        verified = migration.verify()
        if not verified.passed:
            raise FolderError(f"the new vectors did not pass, so the old ones stay in place: {verified}")
        migration.switch(opened.home.index.name, expect=name)
        if drop_old:
            migration.finish()
    if json:
        as_json({"added": report.added, "skipped": len(report.skipped), "usd": report.usd})
    else:
        say(str(report))
        kept = (
            "" if drop_old else f"; the old vectors stay in {opened.home.path / str(name)}, remove them when you like"
        )
        note(f"searches ask the new vectors from now on{kept}")


def _target(opened: OpenFolder, old: HasAliases, model: str | None, dimensions: int | None) -> MultimodalIndex:
    from gemini_embed import EdgeStore, MultimodalIndex

    embedder = opened.embedder_like(model, dimensions)
    wanted = f"{embedder.model}-{embedder.dimensions}"  # the same name again, so that a second call goes on
    return MultimodalIndex(embedder, EdgeStore(opened.home.path / f"vectors-{re.sub('[^0-9A-Za-z.-]', '-', wanted)}"))
