"""An agent that finds the fault in a project of many files and mends it, by its tests and a search of its source.

    cd examples; python -m agents.code_agent

With GEMINI_API_KEY set Gemini does it; without a key a scripted model, which knows no more than its tools tell it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gemini_embed import MultimodalIndex
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage
from langchain_gemini_embed import GeminiMultimodalRetriever

from agents.offline import MODEL, Scripted, calling, has_key, results
from agents.shop import project

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


def mended(code: str) -> str:
    """With the bound that the docstring tells; as it is where it tells none, or the same."""
    bound = re.search(r"from (\d+) .* > \1\b", code, re.DOTALL)
    return code.replace(f"> {bound[1]}", f">= {bound[1]}") if bound else code


def script(messages: list[BaseMessage]) -> AIMessage:
    """Runs the tests, searches for what failed, and mends a bound that is not what the docstring says."""
    told = next(iter(results(messages)[::-1]), "")
    if failed := re.search(r"AssertionError: .* : (.*)", told):
        return calling(("search_sources", {"query": failed[1]}))
    for link, code in FOUND.findall(told):
        if (new := mended(code)) != code:
            return calling(("replace_lines", {"link": link, "code": new}))
    return AIMessage("The fault is mended.") if "\nOK" in told else calling(("run_tests", {}))


def main() -> None:
    with project() as (index, folder):
        retriever = GeminiMultimodalRetriever(index=index, k=3, task="code_retrieval", lexical=True)
        model: Any = MODEL if has_key() else Scripted(step=script)
        agent: Any = create_agent(model, [retriever.search_tool(), *tools_of(index, folder)])
        for message in agent.invoke({"messages": [("user", TASK)]})["messages"]:
            message.pretty_print()


if __name__ == "__main__":
    main()
