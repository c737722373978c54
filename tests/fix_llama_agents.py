"""LlamaIndex's retriever over one source of each kind, models that are scripted, and agents asked in every way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fix_agents import AgentSources
from llama_index.core.agent.workflow import AgentOutput

THEIR_WARNINGS = [  # LlamaIndex looks at every attribute of an agent, pydantic's deprecated ones too
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20"),
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince211"),
]
Ask = Callable[..., Awaitable[AgentOutput]]


def llama_retriever(sources: AgentSources, **options: Any) -> Any:
    """LlamaIndex's retriever over it."""
    from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever

    return GeminiMultimodalRetriever(sources.index, **{"similarity_top_k": 9, "quotas": {"pdf": 1}, **options})


def tool_call(name: str, **arguments: Any) -> Any:
    """A block in which a model calls a tool; its id is its name, as with Vertex AI, so that ids tell nothing."""
    from llama_index.core.base.llms.types import ToolCallBlock

    return ToolCallBlock(tool_call_id=name, tool_name=name, tool_kwargs=arguments)


def scripted_llm(*replies: Any) -> tuple[Any, list[list[Any]]]:
    """A model of LlamaIndex that says these in turn (a text, a call, or a list of calls), and what it is sent."""
    from llama_index.core.base.llms.types import ChatMessage
    from llama_index.core.llms.mock import MockFunctionCallingLLM

    left, seen = list(replies), []

    def reply(messages: Any, **options: Any) -> ChatMessage:
        seen.append([message.model_copy(deep=True) for message in messages])
        said = left.pop(0)
        if isinstance(said, str):
            return ChatMessage(role="assistant", content=said)
        return ChatMessage(role="assistant", blocks=said if isinstance(said, list) else [said])

    return MockFunctionCallingLLM(response_generator=reply), seen


def shapes(messages: list[Any]) -> list[tuple[str, list[str]]]:
    """Messages as who speaks and the types of the blocks."""
    return [(message.role.value, [block.block_type for block in message.blocks]) for message in messages]


@pytest.fixture(params=["whole", "streamed", "workflow"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Makes an agent and asks it: streaming and not, alone and in an `AgentWorkflow`."""
    from llama_index.core.agent.workflow import AgentWorkflow

    async def asked(kind: type[Any], question: str, *, ctx: Any = None, **fields: Any) -> AgentOutput:
        agent = kind(**fields, streaming=request.param != "whole", name="helper", description="helps")
        runs = AgentWorkflow(agents=[agent], root_agent="helper") if request.param == "workflow" else agent
        output: AgentOutput = await runs.run(question, ctx=ctx(runs) if ctx else None)
        return output

    return asked
