"""Agents of LlamaIndex that see and hear what their tools find.

`MediaFunctionAgent` is an agent, alone or in an `AgentWorkflow`; `ToolMedia` does the same in a workflow of your own;
`cited` maps the `[2]` of an answer back to what was found.
"""

from __future__ import annotations

from collections.abc import Sequence

from llama_index.core.agent.workflow import AgentOutput, FunctionAgent, ToolCallResult
from llama_index.core.agent.workflow.agent_context import AgentContext
from llama_index.core.base.llms.types import ChatMessage, MessageRole, ToolCallBlock
from llama_index.core.bridge.pydantic import Field, field_validator
from llama_index.core.memory import BaseMemory
from llama_index.core.tools import AsyncBaseTool
from llama_index.core.workflow import Context
from llama_index.retrievers.gemini_embed.results import cited
from llama_index.retrievers.gemini_embed.tool_media import ToolMedia

from gemini_embed.agents import MAX_BYTES, check_kinds

__all__ = ["MediaFunctionAgent", "ToolMedia", "cited"]

_STORED = "gemini_embed_media"
"""The key in the store of a workflow's context; agents that hand over to each other share it."""


class MediaFunctionAgent(FunctionAgent):
    """A `FunctionAgent` whose model gets the media that the tools found: images, recordings, videos and PDFs.

        agent = MediaFunctionAgent(tools=retriever.agent_tools(), llm=GoogleGenAI("gemini-3-flash"))
        result = await agent.run("What does she say about the valve?")

    The results of tools follow as words, and after those of one step (parallel calls together) a user's message with
    their media, when the model is called. Memory keeps the words alone; the media stay in the run's context, so that
    later questions in the same `ctx=` see them too. Where there is more than `max_bytes` the newest results go first,
    and the model is told what it does not get. See `ToolMedia`. Arguments are those of any
    `FunctionAgent`, and two more.

    Attributes:
        max_bytes: most bytes of base64 in one call, 15 MB by default; Gemini takes 20 MB in one request.
        kinds: of "image", "audio", "video", "pdf", those that the model reads; None: all.
    """

    max_bytes: int = Field(default=MAX_BYTES, description="Most bytes of base64 of media in one call of the model.")
    kinds: list[str] | None = Field(default=None, description="The kinds of media that the model reads; None: all.")

    @field_validator("kinds")
    @classmethod
    def _checked(cls, kinds: list[str] | None) -> list[str] | None:
        check_kinds(kinds)
        return kinds

    async def handle_tool_call_results(self, ctx: Context, results: list[ToolCallResult], memory: BaseMemory) -> None:
        """LlamaIndex's hook for the results of one step: their media are kept aside."""
        media = await self._media(ctx)
        noted: list[ChatMessage] = await ctx.store.get(self.scratchpad_key, default=[])
        in_words = [
            result.model_copy(update={"tool_output": await media.atake(result.tool_output)})
            for result in _in_order(results, noted)
        ]
        await ctx.store.set(_STORED, media)
        await super().handle_tool_call_results(ctx, in_words, memory)

    async def take_step(
        self, ctx: AgentContext, llm_input: list[ChatMessage], tools: Sequence[AsyncBaseTool], memory: BaseMemory
    ) -> AgentOutput:
        """LlamaIndex's hook around each call of the model: the media follow the results that found them."""
        noted: list[ChatMessage] = await ctx.store.get(self.scratchpad_key, default=[])
        media = await self._media(ctx)
        messages = [*llm_input, *noted]
        # Where a user's message is the last, FunctionAgent has the model call its first tool: ours is none to it.
        is_asked = bool(messages) and messages[-1].role == MessageRole.USER
        agent = self if is_asked else self.model_copy(update={"initial_tool_choice": None})
        await ctx.store.set(self.scratchpad_key, [])
        try:
            return await FunctionAgent.take_step(agent, ctx, media.with_media(messages), tools, memory)
        finally:
            said: list[ChatMessage] = await ctx.store.get(self.scratchpad_key, default=[])
            await ctx.store.set(self.scratchpad_key, [*noted, *said])

    async def _media(self, ctx: AgentContext | Context) -> ToolMedia:
        stored: ToolMedia | None = await ctx.store.get(_STORED, default=None)
        held = stored.held if stored else {}
        return ToolMedia(max_bytes=self.max_bytes, kinds=self.kinds, held=held)


def _in_order(results: Sequence[ToolCallResult], noted: Sequence[ChatMessage]) -> list[ToolCallResult]:
    """The results in the order of their calls: they come as they end, and Vertex AI pairs them by their place."""
    last = noted[-1].blocks if noted else []
    calls = [(block.tool_name, block.tool_kwargs) for block in last if isinstance(block, ToolCallBlock)]

    def place(result: ToolCallResult) -> int:
        call = (result.tool_name, result.tool_kwargs)
        return calls.index(call) if call in calls else len(calls)

    return sorted(results, key=place)
