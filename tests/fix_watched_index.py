"""An index on disk, and all that is done to it and for it: what it holds, what was paid, what is to go wrong."""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from fix_crashes import kill
from fix_folders import FORBIDDEN, Folder
from fix_index_model import Held, Model, Truth, Vector, sent
from gemini_embed import EdgeStore, Embedder, MultimodalIndex, Record
from gemini_embed.records import FILE_STATE
from gemini_embed_emulator import Emulator, Fault, ReceivedRequest

HERE = "here"
"""The key that this process asks with."""


class WatchedIndex:
    """Beside the folder that it is an index of. `held` is what it must hold."""

    def __init__(self, servers: list[Emulator], truth: Truth, place: Path) -> None:
        self.place = Path(tempfile.mkdtemp(dir=place))
        self.servers, self.server, self.truth = servers, servers[0], truth
        for server in servers:
            server.faults.rule = self._answer
        self.refused_from: dict[str, int] = {}
        """Of who asks with this key: the first of its requests that the service refuses."""
        self.killed_at: dict[str, tuple[int, int]] = {}
        """Of who asks with this key: its process, and at which of its requests that is killed."""
        self.kept = Counter[str]()
        """How often each content was paid, but for what got lost with a process or a failed call."""
        self._runs, self._asked = count(1), Counter[str]()
        self._sent: dict[str, Counter[str]] = defaultdict(Counter)
        self.folder = Folder(self.place)
        self.held: Held = {}
        self.open()
        self.made = self.embedder.fingerprint
        self.model = Model(self.folder, self.made.digest)

    def open(self, key: str = HERE, **options: Any) -> None:
        """As this process does, unless `options` say otherwise."""
        given = {"dimensions": 128, "cache": self.place / "cache.db", **options}
        self.embedder = Embedder(api_key=key, base_url=self.server.base_url, verify=False, **given)
        self.index = MultimodalIndex(self.embedder, EdgeStore(self.place / "index"))

    def close(self) -> None:
        """The index and its embedder."""
        self.index.close()
        self.embedder.close()

    def found(self) -> dict[str, tuple[Record, Vector]]:
        """All records and their vectors, by id; without what a sync notes of files for the next one."""
        self.index.count()  # which opens it
        batches = self.index.store.iterate()
        return {one.id: (_plain(one), vector) for batch in batches for one, vector in zip(*batch, strict=True)}

    def look(self, target: Held, least: Held) -> None:
        """After what may have ended half-way: `least` is there, and nothing that neither was nor was to be; that is
        what is held now. A record has the fields that it had or was to get."""
        found, most = self.found(), self.held | target
        assert least.keys() <= found.keys() <= most.keys()
        now = {id_: most[id_] for id_ in found}
        now |= {id_: row for id_, row in self.held.items() if id_ in found and found[id_][0] == row.record}
        self.held = now

    def new_key(self) -> str:
        """Tells the requests of one run from all others, however late they are seen."""
        return f"run-{next(self._runs)}"

    def pay(self, *, at_once: bool) -> None:
        """What this process added came to its end. Unless it was embedded `at_once`, equal contents in two batches that
        are under way together are both sent."""
        paid = self._sent.pop(HERE, Counter())
        self.kept += paid if at_once else Counter(set(paid))

    def pay_half_way(self, key: str) -> None:
        """What is held now is not to be paid again; what was on its way may be."""
        there = {self.truth.wire(row) for row in self.held.values()}
        self.kept += Counter(there & self._sent[key].keys())

    def _answer(self, request: ReceivedRequest) -> Fault | None:
        """What goes wrong with a request; one that is well is paid."""
        key = request.headers["x-goog-api-key"]
        self._asked[key] += 1
        process, number = self.killed_at.get(key, (0, 0))
        if self._asked[key] == number:
            kill(process)
            return Fault.drop_before()
        if key in self.refused_from and self._asked[key] >= self.refused_from[key]:
            return Fault.bad_key()
        if FORBIDDEN.encode() in request.body:
            return Fault.status(400, "* EmbedContentRequest.content: this content is not allowed\n")
        self._sent[key] += sent(request)
        return None


def _plain(record: Record) -> Record:
    return replace(record, metadata={name: value for name, value in record.metadata.items() if name != FILE_STATE})
