"""What the agents here share: Gemini with a key; without one the emulator, and a model that follows a script."""

from __future__ import annotations

import base64
import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
from gemini_embed import Cutting, EdgeStore, Embedder, MultimodalIndex
from gemini_embed_emulator import Emulator
from gemini_embed_emulator.vectors.audio import read_samples
from gemini_embed_emulator.vectors.tones import heard_text
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from PIL import Image

MODEL = "google_genai:gemini-3-flash-preview"
Step = Callable[[list[BaseMessage]], AIMessage]


class Scripted(BaseChatModel):
    """A chat model that is a function of the conversation."""

    step: Step

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **options: Any) -> Any:
        return self

    def _generate(self, messages: list[BaseMessage], *args: Any, **options: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self.step(messages))])


def has_key() -> bool:
    """Whether Gemini can be asked."""
    return bool(os.environ.get("GEMINI_API_KEY") or os.environ.get("GOOGLE_API_KEY"))


@contextmanager
def indexed(folder: Path, script: Step, cutting: Cutting | None = None) -> Iterator[tuple[MultimodalIndex, Any]]:
    """An index of a folder, in a folder beside it, and a chat model: both of Gemini where there is a key."""
    if is_real := has_key():
        embedder = Embedder(dimensions=768, root=folder)
    else:
        print("No key: the vectors are an emulator's, and the model follows a script.")
        server = Emulator().start()
        embedder = Embedder(dimensions=768, base_url=server.base_url, api_key="emulator", root=folder)
    try:
        with embedder, MultimodalIndex(embedder, EdgeStore(folder.with_suffix(".index"))) as index:
            index.add(folder, cutting=cutting)
            yield index, MODEL if is_real else Scripted(step=script)
    finally:
        if not is_real:
            server.stop()


def calling(*calls: tuple[str, dict[str, Any]]) -> AIMessage:
    """The model's step that calls tools, all at once."""
    made = [{"name": name, "args": args, "id": f"{name}-{number}"} for number, (name, args) in enumerate(calls)]
    return AIMessage("", tool_calls=made)


def results(messages: Sequence[BaseMessage]) -> list[str]:
    """What the tools have answered, in order."""
    return [str(message.content) for message in messages if isinstance(message, ToolMessage)]


def media(messages: Sequence[BaseMessage], kind: str) -> Iterator[tuple[str, bytes]]:
    """What the model was given of "audio", "video" and so on: what its tool said of it, and its bytes."""
    for message in messages:
        label = ""
        for block in message.content if isinstance(message.content, list) else []:
            if isinstance(block, dict) and block["type"] == "text":
                label = block["text"]
            elif isinstance(block, dict) and block["type"] == kind:
                yield label, base64.b64decode(block["base64"])


def place(label: str) -> tuple[str, int]:
    """`[1] audio messages.mp3#t=20,40` as its number and the second it begins at."""
    found = re.match(r"(\[\d+\]) .*#t=(\d+)", label)
    if found is None:
        raise ValueError(f"{label} tells no seconds")
    return found[1], int(found[2])


def hear(recording: bytes) -> str:
    """The words that a recording holds in tones."""
    return heard_text(read_samples(recording, 60)) or ""


def first_second(video: bytes, colour: str) -> int:
    """When a video first shows mostly that colour, -1 for never."""
    wanted = _colour(Image.new("RGB", (1, 1), colour))
    with av.open(io.BytesIO(video), "r") as opened:
        for frame in opened.decode(video=0):
            shown = _colour(Image.fromarray(frame.to_ndarray(format="rgb24")))
            if all(abs(one - other) < 60 for one, other in zip(shown, wanted, strict=True)):
                return int(frame.time or 0)
    return -1


def _colour(picture: Image.Image) -> Sequence[int]:
    return picture.convert("RGB").resize((1, 1)).tobytes()
