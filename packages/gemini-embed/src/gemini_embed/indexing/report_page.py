"""A report as a page of its own, to be kept and sent on: no script, nothing that is fetched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: .5rem 0 1.5rem }
th, td { text-align: left; vertical-align: top; padding: .2rem 1rem .2rem 0; border-bottom: 1px solid #8884 }
td.n { text-align: right; font-variant-numeric: tabular-nums }
code { overflow-wrap: anywhere }
"""


def page_of(report: Mapping[str, Any], said: str) -> str:
    """The page of what `AddReport.to_dict` gives; `said` is what is above it."""
    folders = report["folders"]
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>What went in</title>',
        f"<style>{_STYLE}</style></head><body><h1>What went in</h1><pre>{escape(said)}</pre>",
        _table(["folder", "added", "re-used", "skipped", "left out"], map(_counts, folders)),
    ]
    for folder in folders:
        if folder["skipped"] or folder["left_out"]:
            parts.append(f"<h2><code>{_named(folder)}</code></h2>")
            parts.append(_table(["not in the index", "why"], _left_out(folder)))
    return "".join([*parts, "</body></html>\n"])


def _counts(folder: Mapping[str, Any]) -> list[str]:
    kinds = ", ".join(f"{count:,} {escape(modality)}" for modality, count in folder["added"].items())
    numbers = (folder["reused"], len(folder["skipped"]), sum(folder["left_out"].values()))
    return [f"<td><code>{_named(folder)}</code>", f"<td>{kinds or 0}", *(f'<td class="n">{n:,}' for n in numbers)]


def _left_out(folder: Mapping[str, Any]) -> Iterable[list[str]]:
    for item in folder["skipped"]:
        yield [f"<td><code>{escape(item['source'] or '')}</code>", f"<td>{escape(item['reason'])}"]
    for reason, count in folder["left_out"].items():
        yield [f"<td>{count:,} {'name' if count == 1 else 'names'}", f"<td>{escape(reason)}"]


def _table(head: Iterable[str], rows: Iterable[list[str]]) -> str:
    lines = "".join(f"<tr>{''.join(row)}" for row in rows)
    return f"<table><tr>{''.join(f'<th>{escape(cell)}' for cell in head)}{lines}</table>"


def _named(folder: Mapping[str, Any]) -> str:
    return escape(folder["folder"] or "(no folder)")
