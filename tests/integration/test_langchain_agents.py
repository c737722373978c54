"""LangChain's agents with scripted models: what their models are given, numbers and citations, errors in words."""

from __future__ import annotations

import pickle
import sys
from importlib import import_module
from typing import Any

import pytest
from fix_agents import AgentSources, langchain_retriever, scripted_model
from gemini_embed import InputError, MissingExtraError
from gemini_embed.agents import Sources
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_gemini_embed import cited, with_media
from langchain_gemini_embed.agents import MediaMiddleware
from langgraph.checkpoint.memory import InMemorySaver

ASKED: Any = {"messages": [("user", "What of the pump?")]}


def calling(*calls: tuple[str, dict[str, Any]]) -> AIMessage:
    """A model's step that calls tools, all at once."""
    return AIMessage(
        "", tool_calls=[{"name": name, "args": args, "id": f"c{n}"} for n, (name, args) in enumerate(calls)]
    )


def searching(*kinds: str) -> AIMessage:
    return calling(*(("search_sources", {"query": "pump", "modality": kind}) for kind in kinds))


def media_in(messages: list[AnyMessage]) -> list[list[str]]:
    """The types of media in each message of a user."""
    return [
        [block["type"] for block in message.content if isinstance(block, dict) and block["type"] != "text"]
        for message in messages
        if isinstance(message, HumanMessage) and isinstance(message.content, list)
    ]


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
async def test_a_model_gets_the_media_of_each_step(agent_sources: AgentSources, way: str) -> None:
    model = scripted_model(searching("image", "pdf"), searching("text", "audio", "video"), AIMessage("Here [3]."))
    tools = langchain_retriever(agent_sources, k=1).agent_tools()
    agent = create_agent(model, tools, middleware=[MediaMiddleware()])
    if way == "invoke":
        agent.invoke(ASKED)
    elif way == "ainvoke":
        await agent.ainvoke(ASKED)
    elif way == "stream":
        assert list(agent.stream(ASKED, stream_mode="updates"))
    else:
        assert [one async for one in agent.astream(ASKED, stream_mode="updates")]
    assert [media_in(messages) for messages in model.seen] == [
        [],
        [["image", "file"]],
        [["image", "file"], ["audio", "video"]],
    ]
    last = model.seen[-1][-1]
    labels = [block["text"] for block in last.content if block["type"] == "text"]
    assert labels[0] == "What the tools found, as media:"
    assert [label.split()[1] for label in labels[1:]] == ["audio", "video"]
    assert {label.split()[0] for label in labels[1:]} <= {"[3]", "[4]", "[5]"}  # parallel calls: in any order


def test_without_it_a_model_gets_words(agent_sources: AgentSources) -> None:
    model = scripted_model(searching("image"), AIMessage("I see nothing."))
    create_agent(model, langchain_retriever(agent_sources).agent_tools()).invoke(ASKED)
    assert media_in(model.seen[-1]) == []
    assert isinstance(model.seen[-1][-1].content, str)


def test_numbers_of_a_conversation(agent_sources: AgentSources) -> None:
    """Each thread begins at 1, what is found again keeps its number, and all tools share them."""
    steps = [
        *(searching("image"), searching("video", "image"), AIMessage("[2] and [1]")),
        *(calling(("read_source", {"link": "[2]", "around": 0})), AIMessage("[2]")),
        *(searching("video"), AIMessage("[1], not [2]")),
    ]
    tools = langchain_retriever(agent_sources).agent_tools()
    agent = create_agent(scripted_model(*steps), tools, checkpointer=InMemorySaver())

    def ask(thread: str) -> list[AnyMessage]:
        messages: list[AnyMessage] = agent.invoke(ASKED, {"configurable": {"thread_id": thread}})["messages"]
        return messages

    assert [(number, hit.modality) for number, hit in cited(ask("one")).items()] == [(2, "video"), (1, "image")]
    assert [hit.modality for hit in cited(ask("one")).values()] == ["video"]
    found = cited(ask("two"))
    assert ([hit.modality for hit in found.values()], found.unknown) == (["video"], (2,))


def test_numbers_that_are_given(agent_sources: AgentSources) -> None:
    """Tools of several retrievers share them, and they are known without the messages."""
    sources = Sources()
    pictures, pages = (langchain_retriever(agent_sources, filter={"modality": kind}, k=1) for kind in ("image", "pdf"))
    first = pictures.search_tool(sources=sources).invoke({"query": "pump"})
    second = pages.search_tool(sources=sources).invoke({"query": "pump"})
    assert (first[:9], second[:7]) == ("[1] image", "[2] pdf")
    assert [hit.modality for hit in sources.cited("[2] [1]").values()] == ["pdf", "image"]


def test_a_read_page_is_cited_as_it_was_named(agent_sources: AgentSources) -> None:
    step = calling(("read_source", {"link": f"{agent_sources.path('pdf')}#page=2", "around": 1}))
    agent = create_agent(scripted_model(step, AIMessage("[1]")), langchain_retriever(agent_sources).agent_tools())
    (hit,) = cited(agent.invoke(ASKED)["messages"]).values()
    assert hit.link.endswith("manual.pdf#page=2")
    assert (hit.window.page_start, hit.window.page_end) == (1, 3)


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
async def test_a_search_for_nothing_is_told(agent_sources: AgentSources, way: str) -> None:
    """The run goes on."""
    model = scripted_model(calling(("search_sources", {"query": ""})), AIMessage("Of what?"))
    agent = create_agent(model, langchain_retriever(agent_sources).agent_tools())
    answer = agent.invoke(ASKED) if way == "invoke" else await agent.ainvoke(ASKED)
    assert answer["messages"][-1].content == "Of what?"
    told = model.seen[-1][-1]
    assert (told.status, "empty" in told.content) == ("error", True)


def test_errors_are_words(agent_sources: AgentSources) -> None:
    """A model reads them, and goes on."""
    step = calling(("read_source", {"link": "nothing.pdf"}), ("read_source", {"link": "[9]"}))
    model = scripted_model(step, AIMessage("There is none."))
    create_agent(model, langchain_retriever(agent_sources).agent_tools()).invoke(ASKED)
    first, second = model.seen[-1][-2:]
    assert (first.status, second.status) == ("error", "error")
    assert "list_sources shows which there are" in first.content
    assert second.content == "there is no source [9]: give a link as a search shows it"


async def test_listing(agent_sources: AgentSources) -> None:
    retriever = langchain_retriever(agent_sources, filter={"modality": ["pdf", "video"]})
    tool = retriever.list_sources_tool()
    assert await tool.ainvoke({}) == tool.invoke({})
    assert [line.split()[0] for line in tool.invoke({}).splitlines()] == ["pdf", "video"]
    assert tool.invoke({"modality": "pdf", "name": "manual"}).endswith("manual.pdf (3 pages)")


def test_what_models_are_told_of_the_tools(agent_sources: AgentSources) -> None:
    """Short names, kinds as an enum, examples; nothing of the conversation."""
    tools = {
        one.name: one.tool_call_schema.model_json_schema() for one in langchain_retriever(agent_sources).agent_tools()
    }
    assert {name: list(schema["properties"]) for name, schema in tools.items()} == {
        "search_sources": ["query", "modality"],
        "read_source": ["link", "around"],
        "list_sources": ["modality", "name", "after"],
    }
    kinds = tools["search_sources"]["properties"]["modality"]["anyOf"][0]["enum"]
    assert kinds == ["text", "image", "audio", "video", "pdf"]
    assert "such as" in tools["read_source"]["properties"]["around"]["description"]


def test_media_in_the_message_itself(agent_sources: AgentSources) -> None:
    found = (
        langchain_retriever(agent_sources)
        .search_tool(media="content", max_bytes=100_000)
        .invoke({"type": "tool_call", "id": "1", "name": "search_sources", "args": {"query": "pump"}})
    )
    assert {block["type"] for block in found.content} == {"text", "image", "file"}
    assert {block["type"] for block in found.artifact} == {"text"}
    assert media_in(with_media([found])) == []
    none = langchain_retriever(agent_sources, filter={"modality": "mixed"}).search_tool(media="content")
    assert none.invoke({"query": "pump"}) == "Nothing was found."
    with pytest.raises(InputError, match="media='inline': where media go is 'artifact' or 'content'"):
        langchain_retriever(agent_sources).search_tool(media="inline")


def test_any_tools_artifact(agent_sources: AgentSources) -> None:
    """Blocks of base64; what is no medium that a model reads is left alone, and no URL is followed."""
    picture = {"type": "image", "mime_type": "image/png", "base64": "aGk="}
    film = {"type": "video", "mime_type": "video/mp4", "base64": "aGk="}
    artifacts: list[Any] = [
        [picture, {"type": "video", "url": "https://example.org/a.mp4"}, film],
        [{"type": "file", "mime_type": "application/zip", "base64": "aGk="}, {"type": "image"}, "words", 3],
        "words",
        None,
        [picture | {"extras": {"mine": 1}}],
    ]
    given = [ToolMessage("done", name="draw", tool_call_id=str(n), artifact=one) for n, one in enumerate(artifacts)]
    (*kept, media) = with_media(given)
    assert kept == given
    assert isinstance(media.content, list)
    assert [block for block in media.content if isinstance(block, dict) and block["type"] != "text"] == [
        picture,
        film,
    ]
    assert media.content[-1] == {"type": "text", "text": "from draw (not shown: shown once, elsewhere)"}


def test_media_are_added_once(agent_sources: AgentSources) -> None:
    """Though a graph keeps what it was given, and between a user's words everything stays in its place."""
    found = ToolMessage("", tool_call_id="1", artifact=[{"type": "image", "mime_type": "image/png", "base64": "aGk="}])
    given: list[AnyMessage] = [HumanMessage("a"), calling(("draw", {})), found, AIMessage("b"), HumanMessage("c")]
    once = with_media(given)
    assert [type(one).__name__ for one in once] == [
        "HumanMessage", "AIMessage", "ToolMessage", "HumanMessage", "AIMessage", "HumanMessage",
    ]  # fmt: skip
    assert with_media(once) == once
    assert with_media([HumanMessage("a")]) == [HumanMessage("a")]


def test_without_langchain_the_pip_line_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langchain.agents.middleware", None)
    monkeypatch.delitem(sys.modules, "langchain_gemini_embed.agents")
    with pytest.raises(MissingExtraError, match=r'pip install "langchain-gemini-embed\[agents\]"'):
        import_module("langchain_gemini_embed.agents")


def test_kinds_are_checked_when_an_agent_is_made() -> None:
    with pytest.raises(InputError, match="kinds= has 'file'"):
        MediaMiddleware(kinds=["file"])


def test_artifacts_are_plain_values(agent_sources: AgentSources) -> None:
    """A checkpointer keeps them, and another process cites of them."""
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    found = (
        langchain_retriever(agent_sources)
        .search_tool()
        .invoke({"type": "tool_call", "id": "1", "name": "search_sources", "args": {"query": "pump"}})
    )
    serde = JsonPlusSerializer()
    again = serde.loads_typed(serde.dumps_typed(found))
    assert again.artifact == found.artifact
    assert cited([again], "[1]")[1].link == cited([found], "[1]")[1].link


def test_a_retriever_with_numbers_is_pickled(agent_sources: AgentSources) -> None:
    retriever = langchain_retriever(agent_sources)
    retriever.search_tool().invoke({"query": "pump"})
    conversations = pickle.loads(pickle.dumps(retriever._conversations))  # noqa: S301 - our own bytes
    assert conversations.of(None).hits == {}


def test_tools_of_others_are_not_cited() -> None:
    @tool(response_format="content_and_artifact")
    def other() -> tuple[str, list[dict[str, Any]]]:
        """Another."""
        return "[1] something", [{"type": "text", "text": "[1] something", "extras": {"number": 1}}]

    message = other.invoke({"type": "tool_call", "id": "1", "name": "other", "args": {}})
    assert cited([message], "[1]").unknown == (1,)
