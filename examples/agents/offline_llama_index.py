"""What LlamaIndex's agents here share: Gemini with a key, and without one a model that follows a script."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, cast

from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock
from llama_index.core.llms import LLM
from llama_index.core.llms.mock import MockFunctionCallingLLM


def model(script: Callable[..., ChatMessage]) -> LLM:
    """A chat model that is a function of the conversation; with a key Gemini."""
    if not (key := os.environ.get("GOOGLE_API_KEY") or os.environ.get("GEMINI_API_KEY")):
        return MockFunctionCallingLLM(response_generator=script)
    from llama_index.llms.google_genai import GoogleGenAI

    return cast("LLM", GoogleGenAI("gemini-3-flash-preview", api_key=key))


def calling(*calls: tuple[str, dict[str, Any]]) -> ChatMessage:
    """The model's step that calls tools, all at once."""
    blocks = [
        ToolCallBlock(tool_name=name, tool_kwargs=arguments, tool_call_id=f"{name}-{number}")
        for number, (name, arguments) in enumerate(calls)
    ]
    return ChatMessage(role="assistant", blocks=blocks)


def results(messages: Sequence[ChatMessage]) -> list[str]:
    """What the tools have answered, in order."""
    return [message.content or "" for message in messages if message.role == "tool"]
