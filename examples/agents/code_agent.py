"""An agent that finds the fault in a project of many files and mends it, by its tests and a search of its source.

    cd examples; python -m agents.code_agent

With GEMINI_API_KEY set Gemini does it; without a key a scripted model, which knows no more than its tools tell it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gemini_embed import EdgeStore, Embedder, Lexical, MultimodalIndex
from gemini_embed_emulator import Emulator
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_gemini_embed import GeminiMultimodalRetriever

from agents.scripting import Scripted, calling
from agents.shop import write_files

TASK = "The tests fail. Find the fault in the source, mend it there, and run the tests again."
FOUND = re.compile(r"^\[\d+\] text (\S+)[^\n]*\n(.*?)(?=\n+\[\d+\] |\Z)", re.DOTALL | re.MULTILINE)


def tools_of(index: MultimodalIndex, folder: Path) -> list[Callable[..., str]]:
    def run_tests() -> str:
        """Run the project's tests; their output."""
        command = [sys.executable, "-B", "-m", "unittest"]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stderr  # noqa: S603 - our own

    def replace_lines(link: str, code: str) -> str:
        """Put `code` in the place of the lines that a link of the search names, such as shop/order.py#L10-L12."""
        named = re.fullmatch(r"(.+)#L(\d+)(?:-L(\d+))?", link)
        if named is None or not (path := (folder / named[1]).resolve()).is_relative_to(folder.resolve()):
            return f"{link} names no lines of this project: take a link that search_sources gave"
        text = path.read_text().split("\n")
        path.write_text("\n".join([*text[: int(named[2]) - 1], code, *text[int(named[3] or named[2]) :]]))
        return str(index.sync(folder, progress=False))

    return [run_tests, replace_lines]


def script(messages: list[BaseMessage]) -> AIMessage:
    """Runs the tests, searches for what failed, and mends a bound that is not what the docstring says."""
    told = messages[-1].text if isinstance(messages[-1], ToolMessage) else ""
    if failed := re.search(r"AssertionError: .* : (.*)", told):
        return calling("search_sources", query=failed[1])
    for link, code in FOUND.findall(told):
        if bound := re.search(r"from (\d+) .* > \1\b", code, re.DOTALL):
            return calling("replace_lines", link=link, code=code.replace(f"> {bound[1]}", f">= {bound[1]}"))
    return AIMessage("The fault is mended.") if "\nOK" in told else calling("run_tests")


def main() -> None:
    has_key = bool(os.environ.get("GEMINI_API_KEY") or os.environ.get("GOOGLE_API_KEY"))
    with tempfile.TemporaryDirectory() as temporary, Emulator() as server:
        write_files(folder := Path(temporary) / "project")
        of_emulator: dict[str, Any] = {} if has_key else {"base_url": server.base_url, "api_key": "emulator"}
        store = EdgeStore(Path(temporary) / "index", lexical=Lexical(tokenizer="code"))
        with Embedder(dimensions=768, **of_emulator) as embedder, MultimodalIndex(embedder, store) as index:
            index.sync(folder, progress=False)
            retriever = GeminiMultimodalRetriever(index=index, k=3, task="code_retrieval", lexical=True)
            model: Any = "google_genai:gemini-3-flash-preview" if has_key else Scripted(step=script)
            agent: Any = create_agent(model, [retriever.search_tool(), *tools_of(index, folder)])
            for message in agent.invoke({"messages": [("user", TASK)]})["messages"]:
                message.pretty_print()


if __name__ == "__main__":
    main()
