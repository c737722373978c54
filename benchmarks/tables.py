"""Results as Markdown."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from statistics import median
from typing import Any

from benchmarks.driver import Result
from benchmarks.markdown import table, whole
from benchmarks.store_tables import (
    batch,
    folders,
    int8,
    job,
    migration,
    overhead,
    recall,
    scale,
    scale_driver,
    scale_quota,
)

NAMES = {
    "floor_simd": "floor: aiohttp, isal, pysimdjson",
    "floor_paced": "floor: aiohttp, retries, one shared gate",
    "core": "**gemini-embed**",
    "core_told": "**gemini-embed**, limits told",
    "langchain": "**langchain-gemini-embed**",
    "llama_index": "**llama-index-embeddings-gemini-embed**",
    "lc": "langchain-google-genai",
    "li100": "llama-index, batch 100",
    "sdk_retry": "google-genai, its retries on",
}
FLOAT32_MIB = 20_000 * 3072 * 4 / 2**20


def cpu(runs: list[Result]) -> str:
    """CPU per 100 texts, and against the floor and langchain-google-genai."""
    medians = _cpu_medians(runs)
    rows = []
    for client in _clients(runs):
        cells = [NAMES[client]]
        for dim in (3072, 768):
            mine = medians[client, dim]
            cells += [f"{mine:.1f}", *(f"{mine / medians[other, dim]:.2f}" for other in ("floor_simd", "lc"))]
        rows.append(cells)
    head = ["client", *(f"{dim}: {what}" for dim in (3072, 768) for what in ("ms", "x floor", "x langchain"))]
    return table(head, rows)


def throughput(runs: list[Result]) -> str:
    """Texts a second, and how many times the peer's of the same door."""
    speed = _speed_medians(runs)
    rows = []
    for client, mode in dict.fromkeys((r["adapter"], r["mode"]) for r in runs):
        peer = {"langchain": "lc", "llama_index": "li100"}.get(client)
        cells = [NAMES[client], mode]
        for dim in (3072, 768):
            mine = speed[client, mode, dim]
            cells += [f"{mine:,.0f}", f"{mine / speed[peer, mode, dim]:.1f}" if peer else ""]
        rows.append(cells)
    return table(["client", "door", "3072: texts/s", "x its peer", "768: texts/s", "x its peer"], rows)


def memory(runs: list[Result]) -> str:
    """Peak growth, and against the bytes of the array."""
    rows = []
    for run in runs:
        grown = run["peak_rss_mb"] - run["rss_before_mb"]
        rows.append([NAMES[run["adapter"]], run["result_type"], f"{grown:,.0f}", f"{grown / FLOAT32_MIB:.2f}"])
    return table(["client", "returns", "peak growth, MiB", "x float32 array"], rows)


def index(run: Result) -> str:
    """Totals of the adding."""
    grown = run["peak_mib"] - run["before_mib"]
    passages = run["samples"][-1]["passages"]
    used = run["samples"][-1]["cpu_s"] - run["samples"][0]["cpu_s"]
    row = [f"{passages:,}", f"{run['stored'] - 1:,}", f"{grown:,.0f}", f"{used / passages * 1e6:,.0f}"]
    return table(["passages", "stored", "peak growth, MiB", "CPU a passage, µs"], [row])


def faults(runs: list[Result]) -> str:
    """What came back of 5,000 texts, and what was paid for twice."""
    rows = []
    for run in runs:
        server = run["server"]
        end = "finished" if not run.get("exception") else run["exception"].split(":")[0].rsplit(".", 1)[-1]
        twice = f"{server['texts_dup']:,} ({server['dropped_mid']})"
        cells = [run["rows"], run["missing_texts"], run["wrong_rows"]]
        seed = str(run["server_options"]["seed"])
        rows.append([_door(run), seed, end, *(f"{cell:,}" for cell in cells), twice, f"{run['wall_s']:.1f}"])
    head = ["client", "seed", "", "rows", "missing", "wrong", "billed twice (dropped in mid-reply)", "wall, s"]
    return table(head, rows)


def quota(runs: list[Result]) -> str:
    """How much of what the quota allowed was used, and how many requests it refused; and how the pace came back."""
    rows = []
    recoveries = [_recovered(run) for run in runs if "former_per_s" in run]
    for run in sorted(
        (run for run in runs if "adapter" in run), key=lambda run: (list(NAMES).index(run["adapter"]), run["slice"])
    ):
        server = run["server"]
        useful = run["rows"] * 50 / run["allowed_tokens"]
        rejected = server["429"] / max(1, server["requests"])
        cells = [f"{run['slice']:,}", f"{useful:.2f}", f"{rejected:.1%}", f"{server['requests']:,}"]
        rows.append([NAMES[run["adapter"]], *cells])
    used = table(["client", "texts a call", "useful share", "requests rejected", "requests"], rows)
    return "\n\n".join([used, *recoveries])


def _recovered(run: Result) -> str:
    """The line about refusals that were no quota."""
    return (
        f"After {run['refusals']} refusals, 3 s apart, that were no quota, eight threads that had made "
        f"{run['former_per_s']:.0f} calls a second make {run['after_5_s_per_s']:.0f} after 5 s and "
        f"{run['after_15_s_per_s']:.0f} after 15 s."
    )


def cold(runs: list[Result]) -> str:
    """CPU of a start, against the imports alone."""
    by_what = {what: median(r["cpu_s"] for r in runs if r["what"] == what) for what in ("imports", "core", "langchain")}
    names = {
        "imports": "imports: `Embeddings` of langchain_core.embeddings, httpx, numpy",
        "core": "**gemini-embed**: import and first embedding",
        "langchain": "**langchain-gemini-embed**: import and first embedding",
    }
    rows = [[names[what], f"{s * 1e3:,.0f}", f"{s / by_what['imports']:.2f}"] for what, s in by_what.items()]
    return table(["process", "CPU, ms", "x the imports"], rows)


def growth(runs: list[Result]) -> str:
    """CPU per text by the size of the call."""
    samples = sorted((s["texts"], s["cpu_us_per_text"]) for run in runs for s in run["samples"])
    sizes = {size: median(us for _, us in group) for size, group in groupby(samples, key=lambda pair: pair[0])}
    return table(["texts in one call", *(f"{size:,}" for size in sizes)], [["CPU a text, µs", *whole(sizes.values())]])


def code(runs: Result) -> str:
    """How often the file that is asked for is among the first."""
    places = ("first 1", "first 3", "first 5")
    rows = [
        [one["asked"], f"{one['count']:,}", one["by"], *(f"{one[key]:.3f}" for key in places)] for one in runs["rows"]
    ]
    told = f"{runs['files']} files, {runs['records']:,} records."
    head = ["asked for by", "questions", "found by", "file is first", "among 3", "among 5"]
    return f"{table(head, rows)}\n\n{told}"


def soak(run: Result) -> str:
    """First quarter against last: what leaks has grown."""
    samples, server = run["samples"], run["server"]
    quarter = len(samples) // 4
    faults = server["429"] + server["503"] + server["dropped_before"] + server["dropped_mid"]
    rows = [
        [what, *(f"{median(s[key] for s in part):,.0f}" for part in (samples[:quarter], samples[-quarter:]))]
        for what, key in (("memory, MiB", "rss_mib"), ("threads", "threads"), ("open files", "open_files"))
    ]
    said = f"{run['rows']:,} rows, {run['wrong']:,} wrong; {faults:,} of {server['requests']:,} requests failed.\n\n"
    return said + table(["median of", "first quarter", "last quarter"], rows)


def figures(results: dict[str, Any]) -> str:
    """The short table of the README: the floor, the peers, ours."""
    medians = _cpu_medians(results["cpu"])
    speed = _speed_medians(results["throughput"])
    grown = {r["adapter"]: f"{r['peak_rss_mb'] - r['rss_before_mb']:,.0f}" for r in results["memory"]}
    clients = ("floor_simd", "core", "langchain", "lc", "llama_index", "li100")
    rows = [
        [
            NAMES[client],
            *(f"{medians[client, dim]:.0f}" for dim in (3072, 768)),
            f"{speed[client, 'async' if 'floor' in client else 'sync', 768]:,.0f}",
            grown.get(client, ""),
        ]
        for client in clients
    ]
    head = ["client", "CPU, ms per 100 texts: 3072", "768", "texts/s at 200 ms a request, 768", "MiB for 20,000 x 3072"]
    return table(head, rows)


TABLES: dict[str, Callable[[Any], str]] = {
    made.__name__: made
    for made in (
        cpu,
        throughput,
        memory,
        index,
        overhead,
        job,
        faults,
        quota,
        batch,
        migration,
        folders,
        scale,
        scale_quota,
        scale_driver,
        cold,
        growth,
        int8,
        recall,
        code,
        soak,
    )
}

FIGURES = ("cpu", "throughput", "memory")
"""The parts that `figures` needs."""


def _speed_medians(runs: list[Result]) -> dict[tuple[str, str, int], float]:
    """Texts a second, by client, door and dimensions."""
    values: dict[tuple[str, str, int], list[float]] = {}
    for run in runs:
        values.setdefault((run["adapter"], run["mode"], run["dim"]), []).append(run["n"] / run["wall_s"])
    return {key: median(found) for key, found in values.items()}


def _cpu_medians(runs: list[Result]) -> dict[tuple[str, int], float]:
    """CPU milliseconds per 100 texts, by client and dimensions."""
    values: dict[tuple[str, int], list[float]] = {}
    for run in runs:
        values.setdefault((run["adapter"], run["dim"]), []).append(run["cpu_s"] / run["n"] * 1e5)
    return {key: median(found) for key, found in values.items()}


def _clients(runs: list[Result]) -> list[str]:
    return list(dict.fromkeys(run["adapter"] for run in runs))


def _door(run: Result) -> str:
    return f"{NAMES[run['adapter']]}, {run['mode']}"
