"""A process that is killed while it describes: the next one asks for what was not answered, and for nothing else."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fix_describing import CHAT, asked, heard, medium_of
from gemini_embed import EdgeStore, Embedder, GeminiDescriber, MultimodalIndex
from gemini_embed_emulator import Emulator, tone_speech

if TYPE_CHECKING:
    from gemini_embed_emulator import ReceivedRequest

ADDING = f"""
import sys
from gemini_embed import EdgeStore, Embedder, GeminiDescriber, MultimodalIndex

base_url, folder, place, cache = sys.argv[1:]
embedder = Embedder(api_key="k", base_url=base_url, dimensions=64, cache=cache)
MultimodalIndex(embedder, EdgeStore(place)).add(folder, batch_size=1, describe=GeminiDescriber(model="{CHAT}"))
"""
SAID = ("one pump. ", "two pumps. ", "three pumps. ", "four pumps. ")


@pytest.mark.slow
def test_nothing_is_paid_twice_after_a_kill(emulator: Emulator, tmp_path: Path) -> None:
    folder, place, cache = tmp_path / "media", tmp_path / "index", tmp_path / "vectors.db"
    folder.mkdir()
    for number, text in enumerate(SAID):
        (folder / f"{number}.wav").write_bytes(tone_speech(text))
    command = [sys.executable, "-c", ADDING, emulator.base_url, *map(str, (folder, place, cache))]
    with subprocess.Popen(command) as child:  # noqa: S603 - our own interpreter and code

        def killing(request: ReceivedRequest) -> str:
            if len(asked(emulator)) == 3:
                child.send_signal(signal.SIGKILL)
            return heard(request)

        emulator.chat.rule = killing
        assert child.wait(60) == -signal.SIGKILL
    emulator.chat.rule = heard
    with (
        Embedder(api_key="k", base_url=emulator.base_url, dimensions=64, cache=cache) as embedder,
        MultimodalIndex(embedder, EdgeStore(place)) as index,
    ):
        index.add(folder, describe=GeminiDescriber(model=CHAT))
        records = [record for batch in index.store.iterate(with_vectors=False) for record in batch.records]
    spoken = sorted(one.page_content for one in records if one.is_said)
    assert spoken == sorted(text.strip() for text in SAID)
    assert len(records) == 8
    questions = Counter(hashlib.sha256(medium_of(one)[1]).hexdigest() for one in asked(emulator))
    assert sorted(questions.values()) == [1, 1, 1, 2], "only the one whose answer never arrived"
