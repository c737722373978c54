"""Results about stores, as Markdown."""

from __future__ import annotations

from statistics import median

from benchmarks.driver import Result
from benchmarks.markdown import table, whole

ENGINE_NAMES = {
    **{f"edge-{name}": f"**EdgeStore**, {name}" for name in ("none", "int8", "turbo4", "turbo2", "turbo1", "binary")},
    "qdrant-local": "qdrant-client, in memory",
    "chroma": "Chroma",
    "faiss-flat": "FAISS, flat",
    "faiss-hnsw": "FAISS, HNSW",
}
CLIENT_NAMES = {
    "ours": "**gemini-embed**, EdgeStore",
    "langchain_chroma": "langchain-google-genai, Chroma",
    "langchain_memory": "langchain-google-genai, InMemoryVectorStore",
    "llama_index": "llama-index-embeddings-google-genai, default store",
}

WAYS_OF_SCALE = {
    "add": "**index.add**, one process",
    "ray": "**gemini_embed.ray**, two workers",
    "daft": "**gemini_embed.daft**, two workers",
    "hand": "Ray Data by hand, langchain-google-genai, two workers",
}

WAYS_OF_SHARING = {
    "file": "two processes, **FileBroker**",
    "ray": "**gemini_embed.ray**, two workers",
    "daft": "**GeminiProvider** of Daft, one process",
    "whole": "two processes, each told all of it",
}


def overhead(runs: list[Result]) -> str:
    """CPU a passage of each way, and against the bare engine: medians, the ratio of what took turns."""
    rows = []
    for run in runs:
        used = {(one["way"], one["code"]): one["cpu_s"] for one in run["ways"]}
        for code in dict.fromkeys(code for way, code in used if way == "index"):
            ours, bare, records = used["index", code], used["bare", code], used["records", code]
            against = (bare, used["bare", "none"], records)
            ratios = [f"{median(a / b for a, b in zip(ours, other, strict=True)):.2f}" for other in against]
            cost = (median(seconds) / run["count"] * 1e6 for seconds in (used["embed", None], bare, records, ours))
            rows.append([f"{run['count']:,} x {run['dim']}", code, *whole(cost), *ratios])
    head = [
        "passages",
        "codes",
        "embedded, µs",
        "and in the bare engine, µs",
        "as records, µs",
        "index.add, µs",
        "x bare",
        "x bare, no codes",
        "x as records",
    ]
    return table(head, rows)


def folders(runs: list[Result]) -> str:
    """CPU a file, and memory, of a folder that is synced first and again."""
    said = {"small": "small files of 13 kinds", "hour": "recording of an hour"}
    rows = []
    for run in runs:
        what, when = run["step"].split()
        records = run["added"] + run["reused"]
        cells = [f"{run['files']:,} {said[what]}", when, f"{records:,}", f"{run['cpu_s'] / run['files'] * 1e3:,.2f}"]
        rows.append([*cells, f"{run['grown_mib']:,.0f}"])
    return table(["folder", "sync", "records", "CPU a file, ms", "peak growth, MiB"], rows)


def job(runs: list[Result]) -> str:
    """Adding and asking, each also against ours."""
    ours = {(run["count"], run["dim"]): run for run in runs if run["client"] == "ours"}
    rows = []
    for run in runs:
        mine = ours[run["count"], run["dim"]]
        cells = [f"{run['count']:,} x {run['dim']}", CLIENT_NAMES[run["client"]]]
        for key, form in (("add_s", ".1f"), ("add_cpu_s", ".1f"), ("ask_cpu_ms", ".1f"), ("grown_mib", ",.0f")):
            cells.append(f"{run[key]:{form}}" + ("" if run is mine else f" ({run[key] / mine[key]:.1f}x)"))
        rows.append(cells)
    return table(["passages", "client", "add, s", "add, CPU s", "ask, CPU ms", "memory, MiB"], rows)


WAYS = {
    "core": "**gemini-embed**",
    "json": "httpx, json, numpy",
    "sdk": "google-genai's download, json, numpy",
}


def batch(runs: list[Result]) -> str:
    """Lines a second of CPU, and how much memory grew."""
    rows = []
    for way, count in dict.fromkeys((run["way"], run["count"]) for run in runs):
        mine = [run for run in runs if (run["way"], run["count"]) == (way, count)]
        cpu_s, grown = (median(numbers) for numbers in zip(*((run["cpu_s"], _grown(run)) for run in mine), strict=True))
        told = whole((mine[0]["file_mib"], count / cpu_s, grown))
        rows.append([f"{count:,}", WAYS[way], *told])
    return table(["lines", "client", "file, MiB", "lines/s of one core", "peak growth, MiB"], rows)


def migration(runs: list[Result]) -> str:
    """What each step takes, wall and CPU, and how much memory had grown by its end."""
    rows = []
    for way, step, name in (
        ("hand", "run", "read and added by hand"),
        ("core", "run", "**Migration.run**"),
        ("core", "again", "**Migration.run** again"),
        ("core", "verify", "**Migration.verify**, 200 sampled"),
    ):
        mine = [run for run in runs if run["way"] == way]
        wall, cpu, peak, before = (
            median(run[key] for run in mine) for key in (f"{step}_s", f"{step}_cpu_s", f"{step}_peak_mib", "before_mib")
        )
        rows.append([name, f"{wall:.1f}", f"{cpu:.1f}", f"{peak - before:,.0f}"])
    return table([f"{runs[0]['count']:,} texts", "s", "CPU s", "peak growth until then, MiB"], rows)


def scale(runs: list[Result]) -> str:
    """Rows a second while it embeds and from start to end, memory and CPU of all processes, and what kills cost."""
    alone = next(run["count"] / run["embedding_s"] for run in runs if run["way"] == "add")
    rows = []
    for run in runs:
        speed = run["count"] / run["embedding_s"]
        kills = (run.get(f"{who}_killed_billed_twice") for who in ("worker", "driver"))
        rows.append(
            [
                WAYS_OF_SCALE[run["way"]],
                f"{speed:,.0f} ({speed / alone:.2f}x)",
                f"{run['s']:.0f}",
                *whole((1e6 * run["cpu_s"] / run["count"], run["peak_mib"])),
                *("" if billed is None else f"{billed:,}" for billed in kills),
            ]
        )
    head = ["way", "rows/s", "whole, s", "CPU a row, µs", "memory, MiB", "worker killed", "driver killed"]
    return table([f"{runs[0]['count']:,} rows", *head[1:]], rows)


def scale_quota(runs: list[Result]) -> str:
    """How much of a quota was used, what was refused, and who gave up."""
    rows = [
        [
            WAYS_OF_SHARING[run["way"]],
            f"{run['embedded']:,} of {run['count']:,}",
            f"{run['used']:.0%}",
            f"{run['refused']:,} of {run['calls']:,}",
            f"{run['gave_up']}",
        ]
        for run in runs
    ]
    return table(["500 texts a second for all", "embedded", "of the quota", "calls refused", "gave up"], rows)


def scale_driver(run: Result) -> str:
    """What the driver held until so many rows were embedded."""
    held = run["peak_mib"]
    return table(["rows embedded", *(f"{int(rows):,}" for rows in held)], [["driver, MiB", *whole(held.values())]])


def _grown(run: Result) -> float:
    return float(run["peak_mib"] - run["before_mib"])


def int8(runs: list[Result]) -> str:
    """Searches before and after `optimize`, without and with a filter."""
    rows = [
        [
            f"{run['points']:,} x {run['dim']}",
            "scanned" if one["state"] == "scanned" else f"optimized in {run['optimize_s']:.0f} s",
            "a tenth passes" if one["filtered"] else "none",
            f"{one['recall']:.3f}",
            *(f"{one[key]:.1f}" for key in ("p50_ms", "p95_ms", "cpu_ms")),
        ]
        for run in runs
        for one in run["searches"]
    ]
    return table(["vectors", "state", "filter", "recall@10", "p50, ms", "p95, ms", "CPU, ms"], rows)


def recall(runs: list[Result]) -> str:
    """Engines side by side, the tables of recall that an EdgeStore gives of itself, and words beside vectors."""
    rows = [
        [
            f"{run['count']:,} x {run['dim']}",
            ENGINE_NAMES[run["engine"]] + (", optimized" if one["state"] == "optimized" else ""),
            *(f"{one[f'recall@{k}']:.3f}" for k in (10, 100)),
            *(f"{one[key]:.1f}" for key in ("p50_ms@10", "p95_ms@10")),
            *whole((one["rss_mib"], one["build_s"])),
        ]
        for run in runs
        if "engine" in run
        for one in run["states"]
    ]
    head = ["vectors", "engine", "recall@10", "recall@100", "p50, ms", "p95, ms", "memory, MiB", "made in, s"]
    return "\n\n".join(
        [
            table(head, rows),
            *(_cells(run) for run in runs if run.get("table")),
            *(_words(run) for run in runs if "words" in run),
        ]
    )


def _cells(run: Result) -> str:
    """A table of recall, a row for each limit."""
    cells = {(limit, factor, rescore): share for limit, factor, rescore, share, _ in run["table"]["cells"]}
    columns = list(dict.fromkeys(key[1:] for key in cells))
    head = ["limit", *(f"x{factor:g}{', rescored' if rescore else ''}" for factor, rescore in columns)]
    limits = dict.fromkeys(limit for limit, *_ in cells)
    rows = [[str(limit), *(f"{cells[limit, *column]:.3f}" for column in columns)] for limit in limits]
    name, took_s = run["engine"].removeprefix("edge-"), run["table"]["took_s"]
    mib = run["table"]["code_bytes"] / 2**20
    return f"`{name}`, optimized, {mib:.1f} MiB of codes; the table took {took_s:.0f} s:\n\n{table(head, rows)}"


def _words(run: Result) -> str:
    """How often the definition is found that an example was written for; words that vectors know little of."""
    shares = ("recall@1", "recall@10", "mrr@10")
    ways = [[one["way"], *(f"{one[key]:.3f}" for key in shares), f"{one['p50_ms']:.1f}"] for one in run["words"]]
    columns = ("vectors", "words", "both")
    odd = [[one["word"], *(str(one[key] or "none") for key in columns)] for one in run["odd_ones"]]
    said = f"{run['queries']:,} examples ask for their definitions among {run['count']:,}, 384 numbers each:"
    also = "The place of the one text that has the word, among those and others like it:"
    tables = table(["found by", *shares, "p50, ms"], ways), table(["word", *columns], odd)
    return f"{said}\n\n{tables[0]}\n\n{also}\n\n{tables[1]}"
