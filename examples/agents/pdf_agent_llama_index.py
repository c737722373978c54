"""`pdf_agent.py` with LlamaIndex: it finds two manuals that contradict each other, and cites the pages of both.

    cd examples; python -m agents.pdf_agent_llama_index

With GEMINI_API_KEY set Gemini reads them (and needs llama-index-llms-google-genai); without a key a scripted model
compares the numbers in what it was shown.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from llama_index.core.base.llms.types import ChatMessage
from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever
from llama_index.retrievers.gemini_embed.agents import MediaFunctionAgent, cited

from agents import pdf_agent
from agents.offline import indexed
from agents.offline_llama_index import calling, model, results
from agents.pdf_agent import QUESTION, stated, write_files


def script(messages: Sequence[ChatMessage], **options: Any) -> ChatMessage:
    """Lists the manuals, searches, reads what was found with the page before, and compares."""
    answers = results(messages)
    if not answers:
        return calling(("list_sources", {"modality": "pdf"}), ("search_sources", {"query": "heating pressure cold"}))
    if len(answers) == 2:
        links = re.findall(r"^\[\d+\] pdf (\S+)", answers[1], re.MULTILINE)
        return calling(*(("read_source", {"link": link, "around": 1}) for link in links))
    said = [(number, value) for answer in answers[2:] for number, value in stated(answer)]
    for (one, here), (other, there) in combinations(said, 2):
        if here != there:
            answer = f"They contradict each other: {here} bar {one}, but {there} bar {other}."
            return ChatMessage(role="assistant", content=answer)
    return ChatMessage(role="assistant", content=f"All {len(said)} agree.")


async def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        write_files(folder := Path(temporary) / "manuals")
        with indexed(folder, pdf_agent.script) as (index, _):
            tools = GeminiMultimodalRetriever(index, similarity_top_k=3).agent_tools()
            result = await MediaFunctionAgent(tools=[*tools], llm=model(script)).run(QUESTION)
            print(result)
            print(str(cited(result)).replace(f"{folder}/", ""))


if __name__ == "__main__":
    asyncio.run(main())
