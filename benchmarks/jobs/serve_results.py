"""A server with one batch job that is done and its file of results, and nothing else: serve_results.py FILE COUNT

Lines are as wide as those that were seen: nine digits a number, 3072 numbers, 41 kB.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copyfileobj

import numpy as np
from numpy.typing import NDArray

SIZE = 3072
VECTORS = 64
NAME, RESULTS = "batches/measured", "files/batch-measured"
RUN = "measured"
DISPLAY_NAME = f"gemini-embed/{RUN}/0/{'0' * 16}"


def key(number: int) -> bytes:
    """Of a line."""
    return hashlib.sha256(str(number).encode()).digest()


def vectors() -> NDArray[np.float64]:
    """Line i has the one of i modulo `VECTORS`."""
    rows = np.random.default_rng(0).standard_normal((VECTORS, SIZE))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.round(9)


def write(file: Path, count: int) -> None:
    """The file of results."""
    ends = [json.dumps({"response": {"embedding": {"values": row.tolist()}}}).encode()[1:] for row in vectors()]
    with file.open("wb") as out:
        for number in range(count):
            out.write(b'{"key": "%s", %s\n' % (key(number).hex().encode(), ends[number % VECTORS]))


class Handler(BaseHTTPRequestHandler):
    """What is asked about the job."""

    protocol_version = "HTTP/1.1"
    file: Path

    def do_GET(self) -> None:
        """The job, the list of jobs, or the file."""
        metadata = {"state": "BATCH_STATE_SUCCEEDED", "displayName": DISPLAY_NAME, "model": "models/gemini-embedding-2"}
        job = {"name": NAME, "metadata": {**metadata, "output": {"responsesFile": RESULTS}}, "done": True}
        if ":download" in self.path:
            self._begin(os.stat(self.file).st_size)
            with self.file.open("rb") as results:
                copyfileobj(results, self.wfile, 2**20)
        else:
            self._answer(job if self.path.split("?")[0].endswith(NAME) else {"operations": [job]})

    def do_DELETE(self) -> None:
        """It is kept, for the next measurement."""
        self._answer({})

    def log_message(self, *arguments: object) -> None:
        """Nothing is logged."""

    def _answer(self, body: object) -> None:
        data = json.dumps(body).encode()
        self._begin(len(data))
        self.wfile.write(data)

    def _begin(self, size: int) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(size))
        self.end_headers()


if __name__ == "__main__":
    Handler.file = Path(sys.argv[1])
    write(Handler.file, int(sys.argv[2]))
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
