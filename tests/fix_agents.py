"""An index of one source of each kind, for agents, and chat models that are scripted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from gemini_embed import EdgeStore, Embedder, MultimodalIndex
from gemini_embed_emulator import Emulator
from media_files import in_slots, mp4, pdf, spoken, wav
from PIL import Image as Pillow

KINDS = {
    "text": "notes.md",
    "image": "pump.png",
    "pdf": "manual.pdf",
    "audio": "call.wav",
    "video": "walk.mp4",
}
LINES = [f"Line {number}: the pump room is behind door {number}." for number in range(1, 41)]


@dataclass(frozen=True)
class AgentSources:
    """A folder with one file of each kind, in an index."""

    folder: Path
    index: MultimodalIndex

    def path(self, kind: str) -> str:
        return str(self.folder / KINDS[kind])


def write_house(folder: Path) -> Path:
    """Notes of 40 lines, a picture, a PDF of three pages, a recording, a video."""
    folder.mkdir()
    (folder / "notes.md").write_text("\n".join(LINES) + "\n", "utf-8")
    Pillow.new("RGB", (64, 48), "blue").save(folder / "pump.png")
    pages = ["Bleed the pump in May.", "The pump is in the cellar.", "Call Ann when the pump leaks."]
    (folder / "manual.pdf").write_bytes(pdf([(page, None) for page in pages]))
    (folder / "call.wav").write_bytes(wav(in_slots([spoken("the pump leaks")], 6.0)))
    slides = [(Pillow.new("RGB", (64, 48), colour), 4.0) for colour in ("red", "green")]
    (folder / "walk.mp4").write_bytes(mp4(slides))
    return folder


@pytest.fixture(scope="session")
def agent_sources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentSources]:
    """What `write_house` writes, in an index: not to be changed, nor closed."""
    folder = write_house(tmp_path_factory.mktemp("agents") / "house")
    with (
        Emulator() as server,
        Embedder(dimensions=128, base_url=server.base_url, api_key="k", root=folder) as embedder,
        MultimodalIndex(embedder, EdgeStore(folder.parent / "store")) as index,
    ):
        index.add(folder)
        yield AgentSources(folder, index)


def langchain_retriever(sources: AgentSources, **fields: Any) -> Any:
    """LangChain's retriever over it."""
    from langchain_gemini_embed import GeminiMultimodalRetriever

    return GeminiMultimodalRetriever(index=sources.index, **{"k": 9, "quotas": {"pdf": 1}, **fields})


def scripted_model(*messages: Any) -> Any:
    """A chat model of LangChain that says these `AIMessage`s in turn, and keeps what it was sent in `seen`."""
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel

    seen: list[list[Any]] = []

    class Scripted(GenericFakeChatModel):
        @property
        def seen(self) -> list[list[Any]]:
            return seen

        def bind_tools(self, tools: Any, **options: Any) -> Any:
            return self

        def _generate(self, messages: Any, *args: Any, **options: Any) -> Any:
            seen.append(list(messages))
            return super()._generate(messages, *args, **options)

    return Scripted(messages=iter(messages))
