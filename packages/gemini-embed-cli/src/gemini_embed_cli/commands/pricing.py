"""Prices are shown before they are paid, and asked about above a limit."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from gemini_embed_cli.commands.given import Money
from gemini_embed_cli.commands.telling import note
from gemini_embed_cli.folder import FolderError, Settings

if TYPE_CHECKING:
    from gemini_embed import Estimate


class NotAgreedError(FolderError):
    """The price was not agreed to; nothing was sent."""


def agree(estimate: Estimate, money: Money, settings: Settings) -> None:
    """Show the price, and ask where it is above the limit; the emulator charges nothing.

    Raises:
        NotAgreedError: the answer was no, or nobody could be asked.
    """
    if settings.emulator or not estimate.items:
        return
    note(str(estimate))
    dear = estimate.usd is None or estimate.usd > settings.ask_above_usd
    if not dear or money.yes or money.max_cost is not None:
        return
    price = "not known" if estimate.usd is None else f"${estimate.usd:.2f}"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise NotAgreedError(
            f"the likely price is {price}, more than ${settings.ask_above_usd:g} (ask_above_usd), and nobody can be "
            "asked here: add --yes, or --max-cost USD"
        )
    sys.stderr.write(f"The likely price is {price}. Go on? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise NotAgreedError("not agreed: nothing was sent")
