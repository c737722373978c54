"""Media of tools' results as messages that a Gemini model reads through llama-index-llms-google-genai.

In a tool's message that package keeps words and images, drops videos and documents, and raises on a recording. In a
user's message all of them become parts.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ContentBlock, MessageRole, TextBlock
from llama_index.core.bridge.pydantic import BaseModel, Field
from llama_index.core.tools import ToolOutput
from llama_index.retrievers.gemini_embed.held import Held, held_of
from llama_index.retrievers.gemini_embed.results import Found

from gemini_embed.agents import MAX_BYTES, check_kinds, chosen

_HEAD = "What the tools found, as media:"
"""How the messages begin that `ToolMedia` adds."""


class ToolMedia(BaseModel):
    """The media that the tools of one conversation found, for its model: images, recordings, videos, pages of PDFs.

        media = ToolMedia()
        output = await media.atake(output)  # of a tool, before it becomes a message
        messages.append(ChatMessage(role="tool", content=output.content, additional_kwargs={"tool_call_id": call_id}))
        response = await llm.achat_with_tools(tools, chat_history=media.with_media(messages))

    `MediaFunctionAgent` does this by itself. It is serialised with what it holds, no more than `max_bytes`.

    Attributes:
        max_bytes: most bytes of base64, of all media in one call of the model; Gemini takes 20 MB in one request.
        kinds: of "image", "audio", "video", "pdf", those that the model reads; None: all.
    """

    max_bytes: int = MAX_BYTES
    kinds: list[str] | None = None
    held: dict[str, list[Held]] = Field(default_factory=dict, description="By the words of the result they belong to.")

    def __init__(self, **fields: Any) -> None:
        check_kinds(fields.get("kinds"))
        super().__init__(**fields)

    def take(self, output: ToolOutput) -> ToolOutput:
        """The output as its message is to have it, in words alone; its media are opened and kept for `with_media`.

        Those of the tools of a `GeminiMultimodalRetriever` whatever their `media=` is, opened as the index opens them,
        and the bytes in the blocks of any other tool. It reads files and may fetch URLs; in a loop use `atake`.
        """
        held, others = held_of(output, self.max_bytes)
        if not held:
            return output
        words = self._told_apart(_words(output, len(held)), held)
        self.held.pop(_key(words), None)  # the newest stand last
        self.held[_key(words)] = held
        self._forget()
        return output.model_copy(update={"blocks": [TextBlock(text=words), *others]})

    async def atake(self, output: ToolOutput) -> ToolOutput:
        """`take`, in a thread."""
        return await asyncio.to_thread(self.take, output)

    def with_media(self, messages: Iterable[ChatMessage]) -> list[ChatMessage]:
        """The messages of a conversation as the model is to get them: after the results of one step a user's message
        with their media.

        The newest results take of `max_bytes` first; a medium that is in several is sent once. What is left out is told
        in words. Nothing that is given changes: keep the messages without media, and call this before each call.
        """
        kept = [message for message in messages if not _is_ours(message)]
        steps = [(is_step, list(group)) for is_step, group in groupby(kept, lambda one: one.role == MessageRole.TOOL)]
        media = [[*self._of(group)] if is_step else [] for is_step, group in steps]
        sent: list[ChatMessage] = []
        for (_, group), found, missing in zip(steps, media, self._missing(media, self.kinds), strict=True):
            sent += group
            if found:
                sent.append(ChatMessage(role=MessageRole.USER, blocks=[*_blocks(found, missing)]))
        return sent

    def _of(self, group: Iterable[ChatMessage]) -> Iterator[Held]:
        for message in group:
            yield from self.held.get(_key(message.content or ""), ())

    def _told_apart(self, words: str, held: list[Held]) -> str:
        """Words that no other result has which found something else: results are known by them."""
        plain, times = words, 1
        while (known := self.held.get(_key(words))) and [one.offered for one in known] != [one.offered for one in held]:
            times += 1
            words = f"{plain} ({times})"
        return words

    def _missing(self, media: Sequence[Sequence[Held]], kinds: Sequence[str] | None) -> list[list[str]]:
        """For each medium "" if it is sent, else why not."""
        offered = [[one.offered for one in found if one.block is not None] for found in media]
        said = map(iter, chosen(offered, max_bytes=self.max_bytes, kinds=kinds))
        return [
            [next(reasons) if one.block is not None else "" for one in found]
            for found, reasons in zip(media, said, strict=True)
        ]

    def _forget(self) -> None:
        """Let go of media that newer ones leave no room for."""
        results = list(self.held.values())
        for found, reasons in zip(results, self._missing(results, None), strict=True):
            for one, missing in zip(found, reasons, strict=True):
                if missing:
                    one.label, one.block = _without(one.label, missing), None


def _words(output: ToolOutput, media: int) -> str:
    if isinstance(output.raw_output, Found):
        return output.raw_output.words
    return output.content or f"{media} media, which are shown below."


def _blocks(found: Iterable[Held], missing: Iterable[str]) -> Iterator[ContentBlock]:
    yield TextBlock(text=_HEAD)
    for one, why in zip(found, missing, strict=True):
        yield TextBlock(text=_without(one.label, why) if why else one.label)
        if one.block is not None and not why:
            yield one.block


def _without(label: str, why: str) -> str:
    return f"{label} (not shown: {why})"


def _is_ours(message: ChatMessage) -> bool:
    first = message.blocks[0] if message.blocks else None
    return message.role == MessageRole.USER and isinstance(first, TextBlock) and first.text == _HEAD


def _key(words: str) -> str:
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()
