"""Prices are shown before they are paid, and asked about above a limit."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from gemini_embed import BudgetError

from gemini_embed_cli.commands.given import Money
from gemini_embed_cli.commands.telling import note
from gemini_embed_cli.folder import FolderError, Settings

if TYPE_CHECKING:
    from gemini_embed import AddReport, Estimate, MultimodalIndex


def bought(
    run: Callable[[float | None], AddReport],
    counted: Callable[[], Estimate],
    index: MultimodalIndex,
    money: Money,
    settings: Settings,
) -> AddReport:
    """What `run` does, which takes a limit in US dollars, once its price is agreed to; `counted` is its estimate.

    A new index is counted before. An index that holds something gets what is below the limit without being asked
    about, so that all that has not changed need not be read twice; where that is not enough the rest is counted.

    Raises:
        NotAgreedError: the answer was no, or nobody could be asked; what was below the limit is kept.
        BudgetError: --max-cost is reached; what was finished is kept.
    """
    if settings.emulator:
        return run(None)
    is_new = index.count() == 0
    if is_new:
        agree(counted(), money, settings)
    if is_new or money.yes or money.max_cost is not None:
        return run(money.max_cost)
    if settings.ask_above_usd > 0:
        with suppress(BudgetError):
            return run(settings.ask_above_usd)
    agree(counted(), money, settings)
    return run(None)


def limit_of(money: Money, settings: Settings) -> float | None:
    """What each further sync may cost where nobody is asked any more."""
    if money.max_cost is not None or money.yes or settings.emulator:
        return money.max_cost
    return settings.ask_above_usd or None


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
