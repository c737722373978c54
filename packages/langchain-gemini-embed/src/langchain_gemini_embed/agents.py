"""Agents of LangChain (`create_agent`) that see and hear what their tools find. Needs the extra `agents`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from gemini_embed import MissingExtraError
from gemini_embed.agents import MAX_BYTES, check_kinds

from langchain_gemini_embed.history import with_media

try:
    from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
except ImportError as error:
    raise MissingExtraError(
        'langchain 1.0 or newer is not installed: run  pip install "langchain-gemini-embed[agents]"', name="langchain"
    ) from error

__all__ = ["MediaMiddleware", "with_media"]


class MediaMiddleware(AgentMiddleware[Any, Any]):
    """Gives an agent's model the media that its tools found: images, recordings, videos and PDFs.

        agent = create_agent(model, retriever.agent_tools(), middleware=[MediaMiddleware()])

    What tools leave in the artifacts of their messages follows these as one message of LangChain's standard blocks,
    parallel calls together, when the model is called; the agent's state stays without it. Where there is more than
    `max_bytes` the newest results go first, and the model is told what it does not get. See `with_media`, which does
    the same in a graph of your own.

    Args:
        max_bytes: most bytes of base64 in one call; Gemini takes 20 MB in one request.
        kinds: of "image", "audio", "video", "pdf", those that the model reads; None: all.

    Raises:
        InputError: a kind that is none.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES, kinds: Iterable[str] | None = None) -> None:
        super().__init__()
        self.max_bytes, self.kinds = max_bytes, check_kinds(kinds)

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """LangChain's hook around each call of the model."""
        return handler(self._with_media(request))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """`wrap_model_call`, awaited."""
        return await handler(self._with_media(request))

    def _with_media(self, request: ModelRequest[Any]) -> ModelRequest[Any]:
        return request.override(messages=with_media(request.messages, max_bytes=self.max_bytes, kinds=self.kinds))
