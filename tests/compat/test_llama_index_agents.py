"""What llama-index-llms-google-genai sends to generateContent of what tools found, with our agent and without."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fix_agents import AgentSources
from fix_generate_content import GenerateContent, call
from fix_llama_agents import THEIR_WARNINGS, Ask, llama_retriever
from gemini_embed.agents import medium_of
from gemini_embed.windows import probe
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import AudioBlock, ChatMessage, DocumentBlock, TextBlock, VideoBlock
from llama_index.core.tools import FunctionTool
from llama_index.llms.google_genai import GoogleGenAI
from llama_index.retrievers.gemini_embed.agents import MediaFunctionAgent, ToolMedia, cited

pytestmark = [
    pytest.mark.compat,
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),  # google-genai's
    *THEIR_WARNINGS,
]

SEARCH, READ = "search_sources", "read_source"
RESPONSE = f"functionResponse {SEARCH}"


@pytest.fixture
async def llm(generate_content: GenerateContent) -> AsyncIterator[GoogleGenAI]:
    model = GoogleGenAI(
        "gemini-3-flash",
        api_key="k",
        max_tokens=100,
        context_window=200_000,  # with these two it asks for nothing when it is made
        http_options={"base_url": generate_content.base_url},
    )
    yield model
    await model._client.aio.aclose()
    model._client.close()


async def test_an_agent_asks_twice_and_its_model_reads_five_kinds(
    agent_sources: AgentSources, llm: GoogleGenAI, generate_content: GenerateContent, ask: Ask
) -> None:
    """Two calls at once are one user turn; what was found before stays where it was."""
    generate_content.replies = [
        [call(SEARCH, query="pump", modality="image"), call(SEARCH, query="pump", modality="pdf")],
        [call(SEARCH, query="pump", modality=kind) for kind in ("text", "audio", "video")],
        "It leaks [3, 4], see [5].",
    ]
    tools = llama_retriever(agent_sources, similarity_top_k=1).agent_tools()
    output = await ask(MediaFunctionAgent, "What of the pump?", tools=tools, llm=llm)

    first, second, third = generate_content.turns
    assert first == [("user", ["text"])]
    assert second[2:] == [
        ("user", [RESPONSE] * 2),
        ("user", ["text", "text", "image/png", "text", "application/pdf"]),
    ]
    assert third[: len(second)] == second
    assert third[5:] == [("user", [RESPONSE] * 3), ("user", ["text", "text", "audio/wav", "text", "video/mp4"])]
    kinds = {mime_type: probe(data) for mime_type, data in generate_content.media()}
    assert {one.modality for one in kinds.values()} == {"image", "pdf", "audio", "video"}
    assert kinds["application/pdf"].pages == 1
    assert "the pump room is behind door" in generate_content.words()
    assert str(output) == "It leaks [3, 4], see [5]."
    assert {hit.modality: hit.link.partition("#")[0] for hit in cited(output).values()} == {
        kind: agent_sources.path(kind) for kind in ("text", "audio", "video")
    }


async def test_without_our_agent_a_model_gets_words_only(
    agent_sources: AgentSources, llm: GoogleGenAI, generate_content: GenerateContent, ask: Ask
) -> None:
    generate_content.replies = [call(SEARCH, query="pump"), "I cannot see."]
    await ask(FunctionAgent, "What of the pump?", tools=llama_retriever(agent_sources).agent_tools(), llm=llm)
    assert generate_content.media() == []
    assert generate_content.turns[-1][-1] == ("user", [RESPONSE])


def blocks_of(sources: AgentSources) -> list[Any]:
    """A recording, a video and a PDF as a tool of somebody else's gives them."""
    found = {kind: medium_of(sources.index.search("pump", 1, filter={"modality": kind})[0])[0] for kind in KINDS}
    data = {kind: medium.base64.encode() for kind, medium in found.items() if medium}
    return [
        TextBlock(text="what the camera has"),
        AudioBlock(audio=data["audio"], format="wav"),
        VideoBlock(video=data["video"], video_mimetype="video/mp4"),
        DocumentBlock(data=data["pdf"], document_mimetype="application/pdf"),
    ]


KINDS = ("audio", "video", "pdf")


@pytest.mark.parametrize("heard", [False, True], ids=["without-a-recording", "with-a-recording"])
async def test_media_in_a_tools_message_are_dropped_or_raise(
    agent_sources: AgentSources, llm: GoogleGenAI, generate_content: GenerateContent, heard: bool
) -> None:
    """Which is why `media=True` leaves them out; the same tool under our agent loses nothing."""
    found = [block for block in blocks_of(agent_sources) if heard or not isinstance(block, AudioBlock)]
    look = FunctionTool.from_defaults(lambda: found, "look", "Look around.")
    generate_content.replies = [call("look"), "I see nothing."]
    if heard:
        with pytest.raises(ValueError, match="Unsupported content block type: AudioBlock"):
            await FunctionAgent(tools=[look], llm=llm).run("What is there?")
    else:
        await FunctionAgent(tools=[look], llm=llm).run("What is there?")
        assert generate_content.media() == []

    generate_content.replies = [call("look"), "I see it all."]
    await MediaFunctionAgent(tools=[look], llm=llm).run("What is there?")
    sent = {mime_type for mime_type, _ in generate_content.media()}
    assert sent == {"video/mp4", "application/pdf", *(["audio/wav"] if heard else [])}
    assert "what the camera has" in generate_content.words()


async def test_pictures_in_the_tools_message(
    agent_sources: AgentSources, llm: GoogleGenAI, generate_content: GenerateContent, ask: Ask
) -> None:
    """`media=True` needs no agent of ours, and tells of what it cannot hold."""
    generate_content.replies = [call(SEARCH, query="pump"), "Blue."]
    tools = llama_retriever(agent_sources).agent_tools(media=True)
    await ask(FunctionAgent, "What of the pump?", tools=tools, llm=llm)
    assert generate_content.turns[-1][-1] == ("user", [RESPONSE])
    sent = [mime_type for mime_type, _ in generate_content.media()]
    assert sorted(sent) == ["image/jpeg", "image/png", "image/png"]  # a frame, a page, the image
    words = generate_content.words()
    for told in (
        "(shown: page ",
        "middle frame; not shown: motion and sound, 0 to 8 s)",
        "(not shown: its sound, 0 to ",
    ):
        assert told in words


async def test_with_both_nothing_is_sent_twice(
    agent_sources: AgentSources, llm: GoogleGenAI, generate_content: GenerateContent, ask: Ask
) -> None:
    generate_content.replies = [call(SEARCH, query="pump"), "Blue."]
    tools = llama_retriever(agent_sources).agent_tools(media=True)
    await ask(MediaFunctionAgent, "What of the pump?", tools=tools, llm=llm)
    sent = [mime_type for mime_type, _ in generate_content.media()]
    assert sorted(sent) == ["application/pdf", "audio/wav", "image/png", "video/mp4"]
    assert "not shown" not in generate_content.words()


async def test_reading_and_listing(
    agent_sources: AgentSources, llm: GoogleGenAI, generate_content: GenerateContent, ask: Ask
) -> None:
    generate_content.replies = [
        call("list_sources", modality="video"),
        call(READ, link=f"{agent_sources.path('video')}#t=2,4", around=1),
        call(READ, link=f"{agent_sources.path('pdf')}#page=9"),
        "Green [1].",
    ]
    tools = llama_retriever(agent_sources).agent_tools()
    output = await ask(MediaFunctionAgent, "What colour?", tools=tools, llm=llm)
    ((mime_type, clip),) = generate_content.media()
    assert mime_type == "video/mp4"
    assert probe(clip).duration_s == pytest.approx(5, abs=1.1)
    assert "(1 to 5 s of 8.0 s)" in generate_content.words()
    assert "there is no page 9: " in generate_content.words()
    assert cited(output)[1].link.endswith("walk.mp4#t=1,5")


async def test_a_function_that_must_be_called_is_called_once(
    agent_sources: AgentSources, llm: GoogleGenAI, generate_content: GenerateContent
) -> None:
    """FunctionAgent takes a user's message at the end for the first round."""
    generate_content.replies = [call(SEARCH, query="pump"), "It leaks."]
    tools = llama_retriever(agent_sources).agent_tools()
    agent = MediaFunctionAgent(tools=tools, llm=llm, initial_tool_choice=SEARCH)
    await agent.run("What of the pump?")
    modes = [one["toolConfig"]["functionCallingConfig"]["mode"] for one in generate_content.requests]
    assert modes == ["ANY", "AUTO"]
    assert agent.initial_tool_choice == SEARCH


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_in_a_workflow_of_ones_own(
    agent_sources: AgentSources, llm: GoogleGenAI, generate_content: GenerateContent, is_async: bool
) -> None:
    """The loop that LlamaIndex's pages show, sync and async."""
    tool, media = llama_retriever(agent_sources).search_tool(), ToolMedia(kinds=["audio"])
    messages = [ChatMessage(role="user", content="What do you hear?")]
    generate_content.replies = [call(SEARCH, query="pump"), "It leaks."]

    async def step(say: Any) -> Any:
        history = media.with_media(messages)
        if is_async:
            return await llm.achat_with_tools([tool], chat_history=history)
        return await asyncio.to_thread(llm.chat_with_tools, [tool], chat_history=history)

    async def asked() -> str:
        response = await step(None)
        messages.append(response.message)
        for selection in llm.get_tool_calls_from_response(response):
            if is_async:
                output = await media.atake(await tool.acall(**selection.tool_kwargs))
            else:
                output = media.take(tool.call(**selection.tool_kwargs))
            kwargs = {"tool_call_id": selection.tool_id}
            messages.append(ChatMessage(role="tool", content=output.content, additional_kwargs=kwargs))
        return str((await step(None)).message.content)

    assert asyncio.run(asked()) == "It leaks."
    assert [mime_type for mime_type, _ in generate_content.media()] == ["audio/wav"]
    assert "(not shown: video is not sent to this model)" in generate_content.words()
    assert [message.role.value for message in messages] == ["user", "assistant", "tool"]


async def test_older_media_go_first(
    agent_sources: AgentSources, llm: GoogleGenAI, generate_content: GenerateContent
) -> None:
    """What the newest results leave of the budget is for those before them."""
    generate_content.replies = [
        call(SEARCH, query="pump", modality="audio"),
        call(SEARCH, query="pump", modality="video"),
        "Seen.",
    ]
    heard = medium_of(agent_sources.index.search("pump", filter={"modality": "audio"})[0])[0]
    assert heard is not None
    tools = llama_retriever(agent_sources).agent_tools()
    await MediaFunctionAgent(tools=tools, llm=llm, max_bytes=heard.size_bytes).run("What of the pump?")
    assert [mime_type for mime_type, _ in generate_content.media(1)] == ["audio/wav"]
    assert [mime_type for mime_type, _ in generate_content.media(2)] == ["video/mp4"]
    assert "bytes, " in generate_content.words(2)
