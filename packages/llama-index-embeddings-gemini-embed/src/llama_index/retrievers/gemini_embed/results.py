"""What a tool answers: words for the model, pictures where they are wanted, and numbered nodes for the program."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from llama_index.core.agent.workflow import AgentOutput, ToolCallResult
from llama_index.core.base.llms.types import ContentBlock, ImageBlock, TextBlock
from llama_index.core.schema import NodeWithScore
from llama_index.core.tools import ToolOutput

from gemini_embed import Hit
from gemini_embed.adapters import Opener
from gemini_embed.agents import MAX_BYTES, Cited, Sources, picture_of
from gemini_embed.agents import cited as core_cited

Said = Callable[[int, str], str]
"""What a model is told of a source: of its number, and a note."""
NOTHING = "Nothing was found."


class Found(list[NodeWithScore]):
    """The nodes that a tool found, with the hits and the numbers that the model knows them by.

    What comes back from a serialised `ToolOutput` is a plain list: the media of an index are opened in this process.
    """

    def __init__(self, nodes: Iterable[NodeWithScore] = ()) -> None:
        super().__init__(nodes)
        self.hits: dict[int, Hit] = {}
        self.said: dict[int, Said] = {}

    def number(self, hit: Hit, said: Said, sources: Sources) -> None:
        """Number the next of the nodes."""
        number = sources.number(hit)
        self.hits[number], self.said[number] = hit, said

    @property
    def words(self) -> str:
        """All of it, for a model."""
        return "\n\n".join(said(number, "") for number, said in self.said.items()) or NOTHING


def found_hits(nodes: Sequence[NodeWithScore], opener: Opener, sources: Sources) -> Found:
    """Nodes of a retriever, numbered; `opener` opens their media."""
    found = Found(nodes)
    for one in nodes:
        metadata: Mapping[str, Any] = one.node.metadata
        bare = Hit.of(metadata, one.node.get_content(), one.score or 0.0, one.node_id)
        hit = Hit(bare.record, bare.score, opener=opener)
        found.number(hit, hit.cited, sources)
    return found


def output_of(found: Found, name: str, media: bool) -> ToolOutput:
    """A tool's output: words alone, or with `media` a block of words for each source and its picture after it."""
    if not (media and found):
        return ToolOutput(tool_name=name, content=found.words, raw_input={}, raw_output=found)
    blocks: list[ContentBlock] = []
    left = MAX_BYTES
    for number, hit in found.hits.items():
        picture, note = picture_of(hit, left)
        blocks.append(TextBlock(text=found.said[number](number, note)))
        if picture is not None:
            left -= picture.size_bytes
            blocks.append(ImageBlock(image=picture.base64.encode(), image_mimetype=picture.mime_type))
    return ToolOutput(tool_name=name, blocks=blocks, raw_input={}, raw_output=found)


def cited(outputs: AgentOutput | Iterable[ToolOutput | ToolCallResult], answer: str | None = None) -> Cited:
    """The sources that an answer cites as `[2]`: hits by number, with links; numbers that no result has are `unknown`.

        result = await agent.run("How is the pump bled?")
        print(cited(result))  # [2] pdf manual.pdf#page=7

    Args:
        outputs: what an agent's run gave, or the outputs of tools. A run knows its own tool calls alone; of a longer
            conversation `retriever.sources.cited(answer)` knows all.
        answer: what is looked for numbers; None: the response of the agent.
    """
    if isinstance(outputs, AgentOutput):
        answer = str(outputs) if answer is None else answer
        results: Iterable[Any] = outputs.tool_calls
    else:
        results = outputs
    made = (getattr(one, "tool_output", one) for one in results)
    raw = (getattr(one, "raw_output", None) for one in made)
    return core_cited(
        answer or "", {n: hit for found in raw if isinstance(found, Found) for n, hit in found.hits.items()}
    )
