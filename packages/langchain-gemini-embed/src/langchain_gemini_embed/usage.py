"""What a call used, told to LangChain's callbacks as the custom event `USAGE_EVENT`.

Embeddings have no callbacks of their own in LangChain, and passing for a chat model would put empty messages into
streams. A custom event reaches handlers (`on_custom_event`) and `astream_events` with the id of the run it happened in:
the retriever's, or that of the chain around an embedding. Outside a run LangChain takes no events; there, and for sums,
`gemini_embed.track_usage` counts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from gemini_embed import Usage, track_usage
from langchain_core.callbacks import BaseCallbackManager, adispatch_custom_event, dispatch_custom_event
from langchain_core.runnables.config import RunnableConfig, var_child_runnable_config

USAGE_EVENT = "gemini_embed_usage"
"""Its data: `model`; `usage_metadata`, as of LangChain's messages, None when the service did not tell; and `requests`,
`retries`, `cached` (inputs), `truncated` (inputs) and `waited_s` (seconds by reason), see `gemini_embed.Usage`."""


@contextmanager
def usage_reported(callbacks: BaseCallbackManager | None = None) -> Iterator[None]:
    """Report what the block uses, failed or not, to the run of `callbacks`; None: to the run it is in, if any."""
    if (config := _listening(callbacks)) is None:
        yield
        return
    with track_usage() as spent:
        try:
            yield
        finally:
            for model, usage in spent.by_model.items():
                dispatch_custom_event(USAGE_EVENT, _data(model, usage), config=config)


@asynccontextmanager
async def ausage_reported(callbacks: BaseCallbackManager | None = None) -> AsyncIterator[None]:
    """`usage_reported`, for awaited calls."""
    if (config := _listening(callbacks)) is None:
        yield
        return
    with track_usage() as spent:
        try:
            yield
        finally:
            for model, usage in spent.by_model.items():
                await adispatch_custom_event(USAGE_EVENT, _data(model, usage), config=config)


def _listening(callbacks: BaseCallbackManager | None) -> RunnableConfig | None:
    """The config to dispatch with; None when nobody would hear, which spares the import of what dispatching takes."""
    found: Any = callbacks or (var_child_runnable_config.get() or {}).get("callbacks")
    if isinstance(found, BaseCallbackManager) and found.handlers and found.parent_run_id:
        return {"callbacks": found}
    return None


def _data(model: str, usage: Usage) -> dict[str, Any]:
    tokens = usage.prompt_tokens
    metadata: dict[str, Any] | None = None
    if tokens is not None:
        by_modality = {name.lower(): number for name, number in usage.by_modality.items()}
        metadata = {"input_tokens": tokens, "output_tokens": 0, "total_tokens": tokens}
        metadata |= {"input_token_details": by_modality} if by_modality else {}
    return {
        "model": model,
        "usage_metadata": metadata,
        "requests": usage.requests,
        "retries": usage.retries,
        "cached": usage.cached,
        "truncated": usage.truncated,
        "waited_s": usage.waited_s,
    }
