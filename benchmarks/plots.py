"""Results as SVG: cost as work grows, the soak, recall against bytes."""

from __future__ import annotations

from itertools import groupby, pairwise
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

mpl.rcParams.update(
    {
        "svg.hashsalt": "gemini-embed",  # the same data gives the same file
        "svg.fonttype": "none",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.3,
    }
)
EVERY_RECORDS = 20_000


def growth(results: dict[str, Any], folder: Path) -> None:
    """CPU per text by the size of a call, and CPU per passage by the size of the index."""
    figure = Figure(figsize=(7.2, 2.8), layout="constrained")
    calls, adding = figure.subplots(1, 2)
    samples = sorted((s["texts"], s["cpu_us_per_text"]) for run in results["growth"] for s in run["samples"])
    sizes = {size: median(us for _, us in group) for size, group in groupby(samples, key=lambda pair: pair[0])}
    calls.plot([*sizes], [*sizes.values()], "o-")
    calls.set_xscale("log")
    _label(calls, "one call, 768 dimensions", "texts in the call", "CPU a text, µs")
    steps = [s for s in results["index"]["samples"] if s["passages"] % EVERY_RECORDS == 0]
    held = [late["passages"] / 1000 for late in steps[1:]]
    spent = [(late["cpu_s"] - early["cpu_s"]) / EVERY_RECORDS * 1e6 for early, late in pairwise(steps)]
    adding.plot(held, spent, "o-", color="C1")
    _label(adding, "index.add into an EdgeStore, 768 dimensions", "thousand records held", "CPU a passage, µs")
    _save(figure, folder / "growth.svg")


def soak(results: dict[str, Any], folder: Path) -> None:
    """Memory, threads and open files over 200,000 texts; memory of the adding beside it."""
    figure = Figure(figsize=(7.2, 2.8), layout="constrained")
    memory, handles = figure.subplots(1, 2)
    samples = results["soak"]["samples"]
    texts = [s["texts"] / 1000 for s in samples]
    memory.plot(texts, [s["rss_mib"] for s in samples], label="embed_documents, 3 % faults, 256 dimensions")
    adding = results["index"]["samples"]
    memory.plot(
        [s["passages"] / 1000 for s in adding], [s["rss_mib"] for s in adding], label="index.add, 768 dimensions"
    )
    _label(memory, "memory of the process", "thousand texts", "MiB")
    handles.plot(texts, [s["open_files"] for s in samples], color="C2", label="open files")
    handles.plot(texts, [s["threads"] for s in samples], color="C3", label="threads")
    _label(handles, "embed_documents, 3 % faults", "thousand texts", "")
    for axes in (memory, handles):
        axes.legend(frameon=False, fontsize=7)
    _save(figure, folder / "soak.svg")


def quality(results: dict[str, Any], folder: Path) -> None:
    """Recall of what searches read, by its bytes: sizes and codes."""
    figure = Figure(figsize=(7.2, 3.2), layout="constrained")
    marks = {"none": "o", "turbo4": "s", "turbo1": "^", "binary": "v"}
    found = [one for one in results["quality"]["sizes"] if one["rescored"]]
    for axes, key, title in zip(
        figure.subplots(1, 2),
        ("nearest", "answers"),
        ("the ten nearest of 3072 float32 numbers", "answers among the first ten"),
        strict=True,
    ):
        for number, size in enumerate(dict.fromkeys(one["size"] for one in found)):
            own = sorted((one for one in found if one["size"] == size), key=lambda one: one["bytes"])
            line = [one for one in own if one["code"] != "binary"]
            axes.plot([one["bytes"] for one in line], [one[key] for one in line], color=f"C{number}", label=f"{size}")
            for one in own:
                axes.plot(one["bytes"], one[key], marks[one["code"]], color=f"C{number}", markersize=5)
        _label(axes, title, "bytes of a vector that a search reads first", "share that is found")
        axes.set_xscale("log")
        axes.set_ylim(None, None)
        axes.autoscale(axis="y")
    axes = figure.axes[1]
    for code, mark in marks.items():
        axes.plot([], [], mark, color="grey", markersize=5, label={"none": "float32"}.get(code, code))
    axes.legend(frameon=False, fontsize=7, ncols=2, title="numbers; codes, rescored", title_fontsize=7)
    _save(figure, folder / "quality.svg")


PLOTS = {growth: ("growth", "index"), soak: ("soak", "index"), quality: ("quality",)}
"""Each with the parts it is made of."""


def _label(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, fontsize=9)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_ylim(0, 1.2 * axes.dataLim.ymax)


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None})
