"""`gemini-embed batch submit|list|collect|cancel`: half the price, within a day."""

from __future__ import annotations

from pathlib import Path

from cyclopts import App

from gemini_embed_cli.commands.given import Flag, Money, Where, Which
from gemini_embed_cli.commands.pricing import agree
from gemini_embed_cli.commands.reporting import tell
from gemini_embed_cli.commands.telling import as_json, say

batch = App(name="batch", help="Embed a folder by jobs of the Batch API: half the price, minutes to a day.")


@batch.command
def submit(
    folder: Path | None = None,
    /,
    *,
    name: str | None = None,
    which: Which | None = None,
    where: Where | None = None,
    money: Money | None = None,
    json: Flag = False,
) -> None:
    """Submit what the index lacks of a folder.

    Parameters
    ----------
    folder
        The folder, the current one by default.
    name
        What the run is called; told when it is submitted.
    json
        As JSON.
    """
    money = money or Money()
    with (where or Where()).opened(folder, cached=True) as opened, opened.index(new=True) as index:
        place = opened.place(folder)
        options = (which or Which()).options(price="batch", max_cost_usd=money.max_cost)
        agree(index.estimate(place, **options), money, opened.settings)
        run = index.submit(place, name=name, **options)
        _tell(run.name, str(run.refresh()), json=json)
        if not json:
            say(f"once it is over: gemini-embed batch collect {run.name} {place}")


@batch.command(name="list")
def list_(*, where: Where | None = None, json: Flag = False) -> None:
    """List the runs that the project or this folder knows, newest first.

    Parameters
    ----------
    json
        As JSON.
    """
    with (where or Where()).opened(cached=True) as opened:
        runs = {run.name: str(run.refresh()) for run in opened.embedder.batches.list()}
    if json:
        as_json([{"name": name, "status": status} for name, status in runs.items()])
    else:
        say("\n".join(f"{name}: {status}" for name, status in runs.items()) or "no runs")


@batch.command
def collect(
    name: str,
    folder: Path | None = None,
    /,
    *,
    which: Which | None = None,
    where: Where | None = None,
    deadline_s: float | None = None,
    json: Flag = False,
) -> None:
    """Wait for a run, and put what it embedded into the index.

    Parameters
    ----------
    name
        Of the run.
    folder
        The folder that it was submitted for.
    deadline_s
        Seconds after which the rest is embedded by ordinary calls, at the ordinary price.
    json
        The report as JSON.
    """
    with (where or Where()).opened(folder, cached=True) as opened, opened.index(new=True) as index:
        place = opened.place(folder)
        run = opened.embedder.batches.get(name)
        report = index.collect(run, place, **(which or Which()).options(deadline_s=deadline_s))
    tell(report, json=json, emulator=opened.settings.emulator)


@batch.command
def cancel(name: str, /, *, where: Where | None = None, json: Flag = False) -> None:
    """Cancel the jobs of a run that are not over.

    Parameters
    ----------
    name
        Of the run.
    json
        As JSON.
    """
    with (where or Where()).opened(cached=True) as opened:
        _tell(name, str(opened.embedder.batches.get(name).cancel()), json=json)


def _tell(name: str, status: str, *, json: bool) -> None:
    if json:
        as_json({"name": name, "status": status})
    else:
        say(f"{name}: {status}")
