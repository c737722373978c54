"""`code_agent.py` with LlamaIndex: it finds the fault in a project of many files and mends it.

    cd examples; python -m agents.code_agent_llama_index

With GEMINI_API_KEY set Gemini does it (and needs llama-index-llms-google-genai); without a key a scripted model, which
knows no more than its tools tell it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever

from agents.code_agent import FOUND, TASK, mended, tools_of
from agents.offline_llama_index import calling, model, results
from agents.shop import project


def script(messages: Sequence[ChatMessage], **options: Any) -> ChatMessage:
    """Runs the tests, searches for what failed, and mends a bound that is not what the docstring says."""
    told = next(iter(results(messages)[::-1]), "")
    if failed := re.search(r"AssertionError: .* : (.*)", told):
        return calling(("search_sources", {"query": failed[1]}))
    for link, code in FOUND.findall(told):
        if (new := mended(code)) != code:
            return calling(("replace_lines", {"link": link, "code": new}))
    if "\nOK" in told:
        return ChatMessage(role="assistant", content="The fault is mended.")
    return calling(("run_tests", {}))


async def main() -> None:
    with project() as (index, folder):
        retriever = GeminiMultimodalRetriever(index, similarity_top_k=3, task="code_retrieval", lexical=True)
        own = [FunctionTool.from_defaults(tool) for tool in tools_of(index, folder)]
        agent = FunctionAgent(tools=[retriever.search_tool(), *own], llm=model(script))
        result: Any = await agent.run(TASK)
        for call in result.tool_calls:
            print(f"{call.tool_name}: {call.tool_output.content.strip().splitlines()[-1]}")
        print(result)


if __name__ == "__main__":
    asyncio.run(main())
