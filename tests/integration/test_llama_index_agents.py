"""LlamaIndex's agents with scripted models: numbers, pictures, media kept and let go of, tools that read and list."""

from __future__ import annotations

import asyncio
import base64
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fix_agents import LINES, AgentSources
from fix_llama_agents import THEIR_WARNINGS, Ask, llama_retriever, scripted_llm, shapes, tool_call
from gemini_embed import InputError
from gemini_embed.agents import Sources
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ToolCallResult
from llama_index.core.base.llms.types import (
    AudioBlock,
    ChatMessage,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    VideoBlock,
)
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.tools import FunctionTool, ToolOutput
from llama_index.core.workflow import Context, JsonSerializer
from llama_index.retrievers.gemini_embed.agents import MediaFunctionAgent, ToolMedia, cited
from PIL import Image as Pillow
from pydantic import ValidationError

pytestmark = THEIR_WARNINGS
SEARCH, READ, LIST = "search_sources", "read_source", "list_sources"


def png(colour: str) -> bytes:
    data = BytesIO()
    Pillow.new("RGB", (8, 8), colour).save(data, "PNG")
    return data.getvalue()


def camera(*pictures: Any) -> FunctionTool:
    """A tool of somebody else's that gives these pictures in turn, each as one block."""
    left = iter(pictures)
    return FunctionTool.from_defaults(lambda: ImageBlock(image=next(left)), "look", "Look around.")


def tool_message(output: ToolOutput) -> ChatMessage:
    return ChatMessage(role="tool", content=output.content, additional_kwargs={"tool_call_id": "look"})


async def test_numbers_run_on_and_are_cited(agent_sources: AgentSources, ask: Ask) -> None:
    llm, _ = scripted_llm(
        tool_call(SEARCH, query="pump", modality="pdf"),
        tool_call(SEARCH, query="pump", modality="video"),
        "In the cellar [1], see [2] and [7].",
    )
    retriever = llama_retriever(agent_sources, similarity_top_k=1)
    output = await ask(MediaFunctionAgent, "Where?", tools=retriever.agent_tools(), llm=llm)
    found = cited(output)
    assert [hit.modality for hit in found.values()] == ["pdf", "video"]
    assert found.unknown == (7,)
    assert retriever.sources.cited(str(output)) == found
    assert found[2].clip().mime_type == "video/mp4"  # opened as the index opens it
    assert cited([one for one in output.tool_calls if isinstance(one, ToolCallResult)], "[2]").keys() == {2}


async def test_pictures_of_what_is_found(agent_sources: AgentSources) -> None:
    tool = llama_retriever(agent_sources).search_tool(media=True)
    for output in (tool.call(query="pump"), await tool.acall(query="pump")):
        pictures = {
            one.metadata["modality"]: output.blocks[place + 1]
            for place, one in zip(_words_at(output), output.raw_output, strict=True)
            if isinstance(output.blocks[min(place + 1, len(output.blocks) - 1)], ImageBlock)
        }
        sizes = {kind: Pillow.open(block.resolve_image()).size for kind, block in pictures.items()}
        assert sizes["image"] == sizes["video"] == (64, 48)
        assert sizes["pdf"][1] > 300  # a page, rendered
        assert pictures.keys() == {"image", "pdf", "video"}
        assert "call.wav#t=0," in output.content
        assert "(not shown: its sound, 0 to " in output.content
    assert tool.call(query="pump", modality="text").content.startswith("[")


def _words_at(output: ToolOutput) -> list[int]:
    return [place for place, block in enumerate(output.blocks) if isinstance(block, TextBlock)]


async def test_tools_that_read_and_list(agent_sources: AgentSources) -> None:
    numbers = Sources()
    _, read, listing = llama_retriever(agent_sources, filters={"modality": ["text", "pdf"]}).agent_tools(
        sources=numbers
    )
    lines = read.call(link=f"{agent_sources.path('text')}#L3-L4", around=1)
    assert [one for one in lines.content.splitlines()[1:] if one] == [
        *LINES[1:5], f"(goes on: {agent_sources.path('text')}#L6-L40)",
    ]  # fmt: skip
    assert (await read.acall(link="[1]")).raw_output[0].metadata["modality"] == "text"
    page = await read.acall(link=f"{agent_sources.path('pdf')}#page=2")
    assert "The pump is in the cellar." in page.content
    assert numbers.cited("[2]")[2].window.page_start == 2
    assert listing.call(name="manual").content == f"pdf {agent_sources.path('pdf')} (3 pages)"
    assert (await listing.acall(modality="video")).content == "No such sources."  # the retriever's filter holds
    with pytest.raises(InputError, match="list_sources shows which there are"):
        read.call(link=agent_sources.path("video"))


async def test_mistakes_are_words_that_a_model_mends(agent_sources: AgentSources, ask: Ask) -> None:
    llm, seen = scripted_llm(
        *(tool_call(READ, link="manaul.pdf"), tool_call(READ, link=agent_sources.path("pdf"))),
        *(tool_call(SEARCH, query=""), "Bleed it [1]."),
    )
    output = await ask(FunctionAgent, "When?", tools=llama_retriever(agent_sources).agent_tools(), llm=llm)
    assert "empty" in seen[3][-1].content
    assert f"did you mean {agent_sources.path('pdf')}?" in seen[1][-1].content
    assert "Bleed the pump in May." in seen[2][-1].content
    assert cited(output)[1].modality == "pdf"


@pytest.mark.filterwarnings("ignore:Skipping serialization of known unserializable key. memory")  # as LlamaIndex has it
async def test_memory_keeps_words_and_a_later_question_sees_the_media(agent_sources: AgentSources) -> None:
    """Also after the context was written down and read again."""
    tools = llama_retriever(agent_sources).agent_tools()
    llm, seen = scripted_llm(tool_call(SEARCH, query="pump", modality="video"), "A walk.", "Red.", "Green.")
    agent = MediaFunctionAgent(tools=tools, llm=llm)
    context, memory = Context(agent), ChatMemoryBuffer.from_defaults(token_limit=2_000)
    await agent.run("What is there?", ctx=context, memory=memory)
    assert shapes(memory.get_all()) == [
        ("user", ["text"]), ("assistant", ["tool_call"]), ("tool", ["text"]), ("assistant", ["text"]),
    ]  # fmt: skip
    await agent.run("What colour first?", ctx=context, memory=memory)
    restored = Context.from_dict(agent, context.to_dict())
    await agent.run("And then?", ctx=restored, memory=memory)
    for later in seen[2:]:
        assert shapes(later)[2:4] == [("tool", ["text"]), ("user", ["text", "text", "video"])]
    assert seen[3][3] == seen[2][3] == seen[1][3]


async def test_agents_that_hand_over_share_the_media(agent_sources: AgentSources) -> None:
    tools = llama_retriever(agent_sources).agent_tools()
    llm, seen = scripted_llm(
        tool_call(SEARCH, query="pump", modality="image"),
        tool_call("handoff", to_agent="writer", reason="found"),
        "It is blue.",
    )
    one = MediaFunctionAgent(name="finder", description="finds", tools=tools, llm=llm, can_handoff_to=["writer"])
    other = MediaFunctionAgent(name="writer", description="writes", tools=[], llm=llm, kinds=["image"])
    await AgentWorkflow(agents=[one, other], root_agent="finder").run("What colour?")
    assert ("user", ["text", "text", "image"]) in shapes(seen[-1])


async def test_what_other_tools_show_is_told_apart() -> None:
    """Whose words are the same, or none."""
    red, blue, heard = png("red"), png("blue"), AudioBlock(audio=BytesIO(b"RIFF....WAVE"), format="wav")
    look, media = camera(red, blue, red), ToolMedia()
    messages = [tool_message(await media.atake(await look.acall())) for _ in range(2)]
    shown = media.with_media([messages[0], ChatMessage(role="assistant", content="next"), messages[1]])
    assert [block.resolve_image().read() for one in shown for block in one.blocks if isinstance(block, ImageBlock)] == [
        red, blue,
    ]  # fmt: skip
    again = tool_message(await media.atake(await look.acall()))
    assert again.content == messages[0].content  # the same medium
    hear = media.take(ToolOutput("hear", blocks=[TextBlock(text="a sound"), heard], raw_input={}))
    ((*_, sound),) = [one.blocks for one in media.with_media([tool_message(hear)]) if one.role.value == "user"]
    assert isinstance(sound, DocumentBlock)
    assert (sound.document_mimetype, sound.resolve_document().read()) == ("audio/wav", b"RIFF....WAVE")
    words = ToolOutput("say", content="words alone", raw_input={})
    assert media.take(words) is words


def test_media_of_files_and_what_was_added_before() -> None:
    """Added messages are not added again, and nothing that is given changes."""
    media = ToolMedia(kinds=["image"])
    picture = ImageBlock(image=png("red"))
    film = DocumentBlock(data=b"%PDF-1.7 ...", document_mimetype="application/pdf")
    table = DocumentBlock(data=b"a,b", document_mimetype="text/csv")
    output = media.take(ToolOutput("look", blocks=[picture, film], raw_input={}))
    messages = [ChatMessage(role="user", content="?"), tool_message(output)]
    before = [message.model_copy(deep=True) for message in messages]
    shown = media.with_media(messages)
    assert media.with_media(shown) == shown
    assert messages == before
    assert [one.text for one in shown[-1].blocks if isinstance(one, TextBlock)][1:] == [
        "from look", "from look (not shown: pdf is not sent to this model)",
    ]  # fmt: skip
    other = ToolOutput("look", blocks=[table], raw_input={})
    assert media.take(other) is other
    assert media.take(ToolOutput("look", blocks=[film, table], raw_input={})).blocks[1:] == [table]


def test_paths_and_urls_of_other_tools_are_not_opened(tmp_path: Path) -> None:
    """Who wrote them is not known; the model is told, and what LlamaIndex does with images stays as it is."""
    secret = tmp_path / "secret.pdf"
    secret.write_bytes(b"%PDF-1.7 secret")
    blocks: list[ContentBlock] = [
        DocumentBlock(path=secret, document_mimetype="application/pdf"),
        AudioBlock(url="http://10.0.0.1/a.wav"),
        VideoBlock(path=secret, video_mimetype="video/mp4"),
    ]
    media = ToolMedia()
    kept = media.take(ToolOutput("look", blocks=blocks, raw_input={}))
    (_, shown) = media.with_media([tool_message(kept)])
    assert [block.block_type for block in shown.blocks] == ["text"] * 4
    assert (shown.content or "").count("not shown: its tool gives a path or a URL") == 3
    fetched = ToolOutput("look", blocks=[ImageBlock(url="https://example.com/a.png")], raw_input={})
    assert media.take(fetched) is fetched


def test_newer_media_take_the_room() -> None:
    """What a context holds stays below `max_bytes`."""
    pictures = [png("red") + bytes([number]) for number in range(5)]
    size = len(base64.b64encode(pictures[0]))
    media, look = ToolMedia(max_bytes=2 * size + 10), camera(*pictures)
    messages = [tool_message(media.take(look.call())) for _ in pictures]
    held = [one.block is not None for found in media.held.values() for one in found]
    assert held == [False, False, False, True, True]
    (shown,) = media.with_media(messages)[len(messages) :]
    told = [block.text for block in shown.blocks if isinstance(block, TextBlock)][1:]
    assert [one.endswith("are left)") for one in told] == [True, True, True, False, False]


async def test_outputs_are_written_down_with_their_nodes(agent_sources: AgentSources) -> None:
    """As a workflow's server or store does; media are opened in this process only, so words are what is left."""
    search, read, _ = llama_retriever(agent_sources).agent_tools(media=True)
    for output in (search.call(query="pump"), await read.acall(link="[1]")):
        restored = JsonSerializer().deserialize(JsonSerializer().serialize(output))
        assert restored.blocks == output.blocks
        assert [one["node"]["metadata"] for one in restored.raw_output] == [one.metadata for one in output.raw_output]
        assert cited([restored], "[1]").unknown == (1,)


def test_a_kind_that_is_none() -> None:
    with pytest.raises(InputError, match="kinds= has 'sound': there are image, audio, video, pdf"):
        ToolMedia(kinds=["sound"])
    llm, _ = scripted_llm()
    with pytest.raises(ValidationError, match="kinds= has 'sound'"):
        MediaFunctionAgent(tools=[], llm=llm, kinds=["sound"])


def test_without_a_running_loop(agent_sources: AgentSources) -> None:
    """As a program without async calls it."""
    llm, seen = scripted_llm(tool_call(SEARCH, query="pump", modality="audio"), "It leaks [1].")

    async def main() -> Any:
        return await MediaFunctionAgent(tools=llama_retriever(agent_sources).agent_tools(), llm=llm).run("What?")

    assert cited(asyncio.run(main()))[1].modality == "audio"
    assert shapes(seen[1])[-1] == ("user", ["text", "text", "document"])
