"""A conversation with tools: the media of their results as messages that a chat model reads, and what answers cite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from gemini_embed.agents import MAX_BYTES, Cited, Offered, check_kinds, chosen
from gemini_embed.agents import cited as core_cited
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from langchain_gemini_embed.answers import BLOCK_TYPES
from langchain_gemini_embed.results import numbered

OURS = "gemini_embed_media"
"""The key in `additional_kwargs` of the messages that `with_media` adds."""
_KINDS = {block_type: kind for kind, block_type in BLOCK_TYPES.items()}
_PDF = "application/pdf"
_HEAD = "What the tools found, as media:"


class _Medium(NamedTuple):
    """A content block of an artifact, and what its tool said of it."""

    kind: str
    label: str
    block: dict[str, Any]

    @property
    def offered(self) -> Offered:
        data = str(self.block["base64"])
        return Offered(self.kind, len(data), (self.block.get("mime_type"), data))


def with_media(
    messages: Sequence[AnyMessage], *, max_bytes: int = MAX_BYTES, kinds: Iterable[str] | None = None
) -> list[AnyMessage]:
    """The messages of a conversation as a chat model is to get them: after the results of a step's tools one message
    with the media of their artifacts, as LangChain's standard blocks.

    The newest results take of `max_bytes` (of base64, in all messages together) first; a medium that is in several is
    sent once. What is left out is told in words. Nothing that is given changes; keep the messages without media, and
    call this before each call of a model: `model.invoke(with_media(state["messages"]))`.

    Args:
        messages: the conversation, with the `ToolMessage`s of `search_tool` and the like, or any whose artifact is a
            list of "image", "audio", "video" and "file" blocks (PDFs) with base64.
        max_bytes: most bytes of base64; Gemini takes 20 MB in one request.
        kinds: of "image", "audio", "video", "pdf", those that the model reads; None: all.

    Raises:
        InputError: a kind that is none.
    """
    wanted = check_kinds(kinds)
    kept = [message for message in messages if OURS not in message.additional_kwargs]
    steps = [(is_step, list(group)) for is_step, group in groupby(kept, lambda one: isinstance(one, ToolMessage))]
    media = [[*_media(group)] if is_step else [] for is_step, group in steps]
    said = chosen([[one.offered for one in found] for found in media], max_bytes=max_bytes, kinds=wanted)
    sent: list[AnyMessage] = []
    for (_, group), found, reasons in zip(steps, media, said, strict=True):
        sent += group
        if found:
            sent.append(_message(zip(found, reasons, strict=True)))
    return sent


def cited(messages: Sequence[AnyMessage], answer: str | None = None) -> Cited:
    """The sources that an answer cites as `[2]`: hits by number, with links; numbers that no result has are `unknown`.

    Args:
        messages: the conversation, with the `ToolMessage`s of `search_tool` and the like.
        answer: what is looked for numbers; None: the last message of the model.
    """
    if answer is None:
        answer = next((str(one.text) for one in reversed(messages) if isinstance(one, AIMessage)), "")
    results = (message.artifact for message in messages if isinstance(message, ToolMessage))
    return core_cited(answer, dict(pair for artifact in results for pair in numbered(artifact)))


def _media(messages: Iterable[AnyMessage]) -> Iterator[_Medium]:
    """The media in the artifacts of tools' messages, in order."""
    for message in messages:
        label = f"from {message.name or 'a tool'}"
        artifact = getattr(message, "artifact", None)
        for block in artifact if isinstance(artifact, list) else ():
            if not isinstance(block, Mapping):
                continue
            if block.get("type") == "text":
                label = str(block.get("text")).partition("\n")[0]
            elif kind := _kind(block):
                bare = {name: block[name] for name in ("type", "mime_type", "base64") if block.get(name)}
                yield _Medium(kind, label, bare)


def _kind(block: Mapping[str, Any]) -> str | None:
    """What medium a block holds; None for none that a model reads. A URL, which a tool may have from anyone, is not
    followed: the chat model's class would fetch it from here."""
    kind = _KINDS.get(str(block.get("type")))
    if kind is None or not block.get("base64"):
        return None
    return kind if kind != "pdf" or block.get("mime_type") == _PDF else None


def _message(media: Iterable[tuple[_Medium, str]]) -> HumanMessage:
    content: list[str | dict[Any, Any]] = [{"type": "text", "text": _HEAD}]
    for one, missing in media:
        content.append({"type": "text", "text": f"{one.label} (not shown: {missing})" if missing else one.label})
        if not missing:
            content.append(one.block)
    return HumanMessage(content, additional_kwargs={OURS: True})
