"""What langchain-google-genai sends to generateContent of what tools found, with our middleware and without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fix_agents import AgentSources, langchain_retriever
from fix_generate_content import GenerateContent, call
from gemini_embed.agents import medium_of
from gemini_embed.windows import probe
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_gemini_embed import cited, with_media
from langchain_gemini_embed.agents import MediaMiddleware
from langchain_google_genai import ChatGoogleGenerativeAI

pytestmark = [
    pytest.mark.compat,
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),  # google-genai's
]

SEARCH, READ = "search_sources", "read_source"
Asked = Callable[[Any, str], Any]


@pytest.fixture
def model(generate_content: GenerateContent) -> ChatGoogleGenerativeAI:
    return ChatGoogleGenerativeAI(
        model="gemini-3-flash", api_key="k", base_url=generate_content.base_url, max_retries=1
    )


@pytest.fixture(params=["invoke", "ainvoke", "stream", "astream"])
def ask(request: pytest.FixtureRequest) -> Callable[[Any, str], Any]:
    """Asks an agent: sync and async, streaming and not; the last state."""

    async def asked(agent: Any, question: str) -> Any:
        given = {"messages": [HumanMessage(question)]}
        if request.param == "invoke":
            return agent.invoke(given)
        if request.param == "ainvoke":
            return await agent.ainvoke(given)
        if request.param == "stream":
            return list(agent.stream(given, stream_mode=["messages", "values"]))[-1][1]
        return [one async for one in agent.astream(given, stream_mode=["messages", "values"])][-1][1]

    return asked


async def test_an_agent_asks_twice_and_its_model_reads_five_kinds(
    agent_sources: AgentSources, model: ChatGoogleGenerativeAI, generate_content: GenerateContent, ask: Any
) -> None:
    """Two calls at once are one user turn; what was found before stays where it was."""
    generate_content.replies = [
        [call(SEARCH, query="pump", modality="image"), call(SEARCH, query="pump", modality="pdf")],
        [call(SEARCH, query="pump", modality=kind) for kind in ("text", "audio", "video")],
        "It leaks [3, 4], see [5].",
    ]
    tools = langchain_retriever(agent_sources, k=1).agent_tools()
    state = await ask(create_agent(model, tools, middleware=[MediaMiddleware()]), "What of the pump?")

    first, second, third = generate_content.turns
    assert first == [("user", ["text"])]
    responses = [f"functionResponse {SEARCH}"]
    assert second[2:] == [
        ("user", [*responses * 2]),
        ("user", ["text", "text", "image/png", "text", "application/pdf"]),
    ]
    assert third[: len(second)] == second
    assert third[5:] == [("user", [*responses * 3]), ("user", ["text", "text", "audio/wav", "text", "video/mp4"])]
    kinds = {mime_type: probe(data) for mime_type, data in generate_content.media()}
    assert {one.modality for one in kinds.values()} == {"image", "pdf", "audio", "video"}
    assert kinds["application/pdf"].pages == 1
    assert "the pump room is behind door" in generate_content.words()
    assert state["messages"][-1].text == "It leaks [3, 4], see [5]."
    assert not [one for one in state["messages"][1:] if isinstance(one, HumanMessage)]  # the state is as ever
    found = cited(state["messages"])
    assert {hit.modality: hit.link.partition("#")[0] for hit in found.values()} == {
        kind: agent_sources.path(kind) for kind in ("text", "audio", "video")
    }


async def test_without_the_middleware_a_model_gets_words_only(
    agent_sources: AgentSources, model: ChatGoogleGenerativeAI, generate_content: GenerateContent, ask: Any
) -> None:
    generate_content.replies = [call(SEARCH, query="pump"), "I cannot see."]
    await ask(create_agent(model, langchain_retriever(agent_sources).agent_tools()), "What of the pump?")
    assert generate_content.media() == []
    assert generate_content.turns[-1][-1] == ("user", [f"functionResponse {SEARCH}"])


def test_a_recording_in_a_tools_message_becomes_words(
    agent_sources: AgentSources, model: ChatGoogleGenerativeAI, generate_content: GenerateContent
) -> None:
    """Which is why `media="content"` leaves it out: langchain-core makes JSON of the base64 of the whole list."""
    (hit,) = agent_sources.index.search("pump", 1, filter={"modality": "audio"})
    medium, _ = medium_of(hit)
    assert medium is not None
    block = {"type": "audio", "mime_type": medium.mime_type, "base64": medium.base64}

    @tool
    def hear() -> list[Any]:
        """Hear the recording."""
        return [{"type": "text", "text": "a recording"}, block]

    generate_content.replies = [call("hear"), "I hear nothing."]
    create_agent(model, [hear]).invoke({"messages": [HumanMessage("What do you hear?")]})
    assert generate_content.media() == []
    assert medium.base64[:100] in generate_content.words()


async def test_pictures_and_pages_in_the_tools_message(
    agent_sources: AgentSources, model: ChatGoogleGenerativeAI, generate_content: GenerateContent, ask: Any
) -> None:
    """`media="content"` needs no middleware, and tells of what it cannot hold."""
    generate_content.replies = [call(SEARCH, query="pump"), "Blue [1]."]
    tools = langchain_retriever(agent_sources).agent_tools(media="content")
    state = await ask(create_agent(model, tools), "What of the pump?")
    assert {mime_type for mime_type, _ in generate_content.media()} == {"image/png", "application/pdf"}
    words = generate_content.words()
    assert words.count("(not shown: messages of tools hold images and PDFs only)") == 2
    assert cited(state["messages"], "[1] and [5], not [6]").unknown == (6,)


async def test_reading_and_listing(
    agent_sources: AgentSources, model: ChatGoogleGenerativeAI, generate_content: GenerateContent, ask: Any
) -> None:
    generate_content.replies = [
        call("list_sources", modality="video"),
        call(READ, link=f"{agent_sources.path('video')}#t=2,4", around=1),
        call(READ, link=f"{agent_sources.path('pdf')}#page=9"),
        "Green [1].",
    ]
    tools = langchain_retriever(agent_sources).agent_tools()
    state = await ask(create_agent(model, tools, middleware=[MediaMiddleware()]), "What colour?")
    ((mime_type, clip),) = generate_content.media()
    assert mime_type == "video/mp4"
    assert probe(clip).duration_s == pytest.approx(5, abs=1.1)
    assert "(1 to 5 s of 8.0 s)" in generate_content.words()
    assert "there is no page 9: " in generate_content.words()
    assert cited(state["messages"])[1].link.endswith("walk.mp4#t=1,5")


def test_in_a_graph_of_ones_own(
    agent_sources: AgentSources, model: ChatGoogleGenerativeAI, generate_content: GenerateContent
) -> None:
    from langgraph.graph import START, MessagesState, StateGraph
    from langgraph.prebuilt import ToolNode, tools_condition

    tools = langchain_retriever(agent_sources).agent_tools()
    bound = model.bind_tools(tools)

    def answered(state: MessagesState) -> dict[str, Any]:
        return {"messages": [bound.invoke(with_media(state["messages"], kinds=["audio"]))]}

    graph = StateGraph(MessagesState)
    graph.add_node("model", answered)
    graph.add_node("tools", ToolNode(tools))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", tools_condition)
    graph.add_edge("tools", "model")
    generate_content.replies = [call(SEARCH, query="pump"), "It leaks."]
    state = graph.compile().invoke({"messages": [HumanMessage("What do you hear?")]})
    assert [mime_type for mime_type, _ in generate_content.media()] == ["audio/wav"]
    assert "(not shown: video is not sent to this model)" in generate_content.words()
    assert isinstance(state["messages"][2], ToolMessage)


def test_older_media_go_first(
    agent_sources: AgentSources, model: ChatGoogleGenerativeAI, generate_content: GenerateContent
) -> None:
    """What the newest results leave of the budget is for those before them."""
    generate_content.replies = [
        call(SEARCH, query="pump", modality="audio"),
        call(SEARCH, query="pump", modality="video"),
        "Seen.",
    ]
    tools = langchain_retriever(agent_sources).agent_tools()
    heard = medium_of(agent_sources.index.search("pump", filter={"modality": "audio"})[0])[0]
    assert heard is not None
    agent = create_agent(model, tools, middleware=[MediaMiddleware(max_bytes=heard.size_bytes)])
    agent.invoke({"messages": [HumanMessage("What of the pump?")]})
    assert [mime_type for mime_type, _ in generate_content.media(1)] == ["audio/wav"]
    assert [mime_type for mime_type, _ in generate_content.media(2)] == ["video/mp4"]
    assert "bytes, " in generate_content.words(2)
