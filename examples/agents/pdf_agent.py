"""An agent that reads several manuals, finds two that contradict each other, and cites the pages of both.

    cd examples; python -m agents.pdf_agent

With GEMINI_API_KEY set Gemini reads them; without a key a scripted model compares the numbers in what it was shown.
"""

from __future__ import annotations

import re
import tempfile
from itertools import combinations
from pathlib import Path
from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage
from langchain_gemini_embed import GeminiMultimodalRetriever, cited
from langchain_gemini_embed.agents import MediaMiddleware
from media_files import pdf

from agents.offline import calling, indexed, results

QUESTION = "Do our manuals agree on the pressure of the heating? Read the pages around, and cite those that do not."
MANUALS = {
    "boiler": ["Boiler B40\nInstallation", "Filling\nThe heating pressure of the plant is 1.5 bar when cold."],
    "service": ["Service handbook\nContents", "Tools", "Every spring\nSet the heating pressure to 2.5 bar when cold."],
    "radiators": ["Radiators\nBleeding", "The heating pressure of 1.5 bar when cold falls while you bleed them."],
    "garden": ["The pump in the garden", "The hose is 20 m long."],
}


def write_files(folder: Path) -> None:
    """Four manuals of two or three pages; two of them say something else of the same thing."""
    folder.mkdir()
    for name, pages in MANUALS.items():
        (folder / f"{name}.pdf").write_bytes(pdf([(page, None) for page in pages]))


def script(messages: list[BaseMessage]) -> AIMessage:
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
            return AIMessage(f"They contradict each other: {here} bar {one}, but {there} bar {other}.")
    return AIMessage(f"All {len(said)} agree.")


def stated(answer: str) -> list[tuple[str, str]]:
    """The number of a result, and the pressure that it states."""
    number, pressure = re.match(r"\[\d+\]", answer), re.search(r"pressure.*?([\d.]+) bar", answer, re.DOTALL)
    return [(number[0], pressure[1])] if number and pressure else []


def main() -> None:
    asked: Any = {"messages": [("user", QUESTION)]}
    with tempfile.TemporaryDirectory() as temporary:
        write_files(folder := Path(temporary) / "manuals")
        with indexed(folder, script) as (index, model):
            tools = GeminiMultimodalRetriever(index=index, k=3).agent_tools()
            messages = create_agent(model, tools, middleware=[MediaMiddleware()]).invoke(asked)["messages"]
            print(messages[-1].text)
            print(str(cited(messages)).replace(f"{folder}/", ""))


if __name__ == "__main__":
    main()
