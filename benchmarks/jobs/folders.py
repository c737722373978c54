"""A folder of small files of many kinds, added out of a cache and synced again: folders.py STEP FOLDER COUNT

`make` writes the files, and a recording of an hour, and fills the cache from the emulator. All other steps (`small
first`, `small again`, `small isolated`, `hour first`, `hour again`) are processes of their own after that, which send
nothing. What they say of CPU and memory begins when the embedder and the store are open.
"""

from __future__ import annotations

import io
import json
import os
import sys
import wave
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from gemini_embed import EdgeStore, Embedder, MultimodalIndex

from benchmarks.jobs.process import cpu_s, ended_children_s, peak_rss_mib, rss_mib
from benchmarks.jobs.texts import texts

SIZE = 768
LONG_AGO_NS = 1_700_000_000_000_000_000


def main(step: str, folder: str, count: int) -> dict[str, Any]:
    """What a step took."""
    place = Path(folder)
    if step == "make":
        made(place / "small", count)
        (place / "hour").mkdir()
        (place / "hour" / "hour.flac").write_bytes(_hour())
        return filled(place)
    which, isolate = step.split()[0], step.endswith("isolated")
    store = EdgeStore(place / ("index-isolated" if isolate else f"index-{which}"))
    with embedder(place) as ours, MultimodalIndex(ours, store) as index:
        index.count()
        cpu_before, rss_before = cpu_s(), rss_mib()
        report = index.sync(place / which, progress=False, isolate=isolate)
        return {
            "step": step,
            "files": count if which == "small" else 1,
            "added": report.added,
            "reused": report.reused,
            "skipped": len(report.skipped),
            "requests": report.usage.requests,
            "cpu_s": cpu_s() - cpu_before + ended_children_s(),
            "grown_mib": peak_rss_mib() - rss_before,
        }


def embedder(place: Path, url: str = "http://127.0.0.1:9") -> Embedder:
    """One whose cache is in the folder; nobody listens at its address."""
    return Embedder("gemini-embedding-2", dimensions=SIZE, api_key="k", base_url=url, cache=place / "cache.db")


def filled(place: Path) -> dict[str, Any]:
    """The cache, with a vector for everything."""
    from gemini_embed_emulator import Emulator

    with (
        Emulator() as emulator,
        embedder(place, emulator.base_url) as ours,
        MultimodalIndex(ours, EdgeStore(place / "filling")) as index,
    ):
        reports = [index.sync(place / which, progress=False) for which in ("small", "hour")]
    skipped = [str(one) for report in reports for one in report.skipped]
    return {"step": "make", "added": sum(report.added for report in reports), "skipped": skipped[:5]}


def made(folder: Path, count: int) -> None:
    """`count` files in folders of 100, of each kind as many as its share says."""
    kinds = [kind for kind, share in KINDS.items() for _ in range(share)]
    passages = texts(0, count)
    for number, text in zip(range(count), passages, strict=False):
        kind = kinds[number * 37 % len(kinds)]
        path = folder / f"{number // 100:03d}" / f"{number:05d}{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(WRITERS[kind](number, text))
        os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))


def _picture(number: int, _: str, what: str = "PNG") -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.effect_noise((96, 72), number % 90 + 10).save(file, what)
    return file.getvalue()


def _hour() -> bytes:
    """A recording that is decoded to be cut."""
    import av
    import numpy as np

    data, rate = io.BytesIO(), 16_000
    with av.open(data, "w", format="flac") as target:
        track = target.add_stream("flac", rate=rate, layout="mono")
        noise = np.random.default_rng(0)
        for second in range(3600):
            sound = noise.integers(-3000, 3000, (1, rate), dtype=np.int16)
            frame = av.AudioFrame.from_ndarray(sound, format="s16", layout="mono")
            frame.sample_rate, frame.pts = rate, second * rate
            target.mux(track.encode(frame))
        target.mux(track.encode())
    return data.getvalue()


def _wav(number: int, _: str) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(8000)
        recording.writeframes(number.to_bytes(2, "little") * 8000)
    return file.getvalue()


def _pdf(_: int, text: str) -> bytes:
    plain = text.encode("ascii", "replace").replace(b"\\", b"").replace(b"(", b"").replace(b")", b"")
    stream = b"BT /F1 12 Tf 40 700 Td (" + plain[:80] + b") Tj ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(body)
    return body + b"xref\n0 6\n0000000000 65535 f \n" + table + trailer


def _notebook(number: int, text: str) -> bytes:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": [f"# Note {number}\n", text]},
        {"cell_type": "code", "metadata": {}, "source": [f"x = {number}"], "outputs": [], "execution_count": 1},
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def _mail(number: int, text: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.com", "b@example.com", f"Message {number}"
    mail.set_content(text)
    return mail.as_bytes()


def _html(number: int, text: str) -> bytes:
    return f"<html><head><style>p {{}}</style></head><body><h1>Page {number}</h1><p>{text}</p></body></html>".encode()


def _python(number: int, text: str) -> bytes:
    return f'def function_{number}() -> str:\n    """Say it."""\n    return {text[:200]!r}\n'.encode()


KINDS = {".md": 20, ".txt": 20, ".py": 15, ".html": 10, ".png": 10, ".csv": 5, ".json": 5, ".jpg": 4, ".pdf": 3,
         ".wav": 2, ".ipynb": 2, ".eml": 2, ".srt": 2}  # fmt: skip
"""Files of each kind in a hundred."""
WRITERS: dict[str, Callable[[int, str], bytes]] = {
    ".md": lambda number, text: f"# Note {number}\n\n{text}\n".encode(),
    ".txt": lambda number, text: f"{number}: {text}\n".encode(),
    ".py": _python,
    ".html": _html,
    ".png": _picture,
    ".csv": lambda number, text: f"number,text\n{number},{text[:80]!r}\n{number + 1},more\n".encode(),
    ".json": lambda number, text: json.dumps({"number": number, "text": text}).encode(),
    ".jpg": lambda number, text: _picture(number, text, "JPEG"),
    ".pdf": _pdf,
    ".wav": _wav,
    ".ipynb": _notebook,
    ".eml": _mail,
    ".srt": lambda number, text: f"1\n00:00:01,000 --> 00:00:04,000\n{number}: {text[:80]}\n".encode(),
}


if __name__ == "__main__":
    print("RESULT", json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
