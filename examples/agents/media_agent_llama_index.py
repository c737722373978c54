"""`media_agent.py` with LlamaIndex: it listens to a recording, watches a video, and answers with the seconds of both.

    cd examples; python -m agents.media_agent_llama_index

With GEMINI_API_KEY set Gemini does it (and needs llama-index-llms-google-genai). Without a key a scripted model hears
the beeps that it is given and looks at the colours of the frames.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gemini_embed import Cutting
from llama_index.core.base.llms.types import ChatMessage, DocumentBlock, TextBlock, VideoBlock
from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever
from llama_index.retrievers.gemini_embed.agents import MediaFunctionAgent, cited

from agents import media_agent
from agents.media_agent import DOOR_S, DOORS, QUESTION, SLOT_S, write_files
from agents.offline import first_second, hear, indexed, place
from agents.offline_llama_index import calling, model


def script(messages: Sequence[ChatMessage], **options: Any) -> ChatMessage:
    """Listens to what a search found, looks for what was said, and watches that."""
    heard = [(label, hear(data)) for label, data in media(messages, DocumentBlock)]
    if not heard:
        return calling(("search_sources", {"query": "spare key", "modality": "audio"}))
    label, words = next((label, words) for label, words in heard if "spare key" in words)
    colour = next(colour for colour in DOORS if colour in words.split())
    clips = media(messages, VideoBlock)
    seen = [(label, second) for label, data in clips if (second := first_second(data, colour)) >= 0]
    if not seen:
        return calling(("search_sources", {"query": f"a {colour} door", "modality": "video"}))
    (number, start_s), (video, clip_s) = place(label), place(seen[0][0])
    answer = f"{words.capitalize()} {number}, said from {start_s} s on; see {clip_s + seen[0][1]} s {video}."
    return ChatMessage(role="assistant", content=answer)


def media(messages: Sequence[ChatMessage], kind: type[DocumentBlock | VideoBlock]) -> Iterator[tuple[str, bytes]]:
    """What the model was given in blocks of a kind: what its tool said of it, and its bytes."""
    for message in messages:
        for said, block in zip(message.blocks, message.blocks[1:], strict=False):
            if isinstance(said, TextBlock) and isinstance(block, kind):
                opened = block.resolve_video() if isinstance(block, VideoBlock) else block.resolve_document()
                yield said.text, opened.read()


async def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        write_files(folder := Path(temporary) / "house")
        with indexed(folder, media_agent.script, Cutting(audio_s=SLOT_S, video_s=DOOR_S)) as (index, _):
            tools = GeminiMultimodalRetriever(index, similarity_top_k=2).agent_tools()
            result = await MediaFunctionAgent(tools=[*tools], llm=model(script)).run(QUESTION)
            print(result)
            print(str(cited(result)).replace(f"{folder}/", ""))


if __name__ == "__main__":
    asyncio.run(main())
