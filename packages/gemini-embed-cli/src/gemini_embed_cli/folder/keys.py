"""Whether there is a key for the service, and what is said where there is none."""

from __future__ import annotations

import os

VERTEX = ("GOOGLE_GENAI_USE_ENTERPRISE", "GOOGLE_GENAI_USE_VERTEXAI")
NO_KEY = (
    "there is no key: set GEMINI_API_KEY (from https://aistudio.google.com/apikey), or for Vertex AI "
    "GOOGLE_GENAI_USE_VERTEXAI=true and GOOGLE_CLOUD_PROJECT; or add --emulator to try everything without one (its "
    "vectors are not the model's, and stay apart)"
)


def has_key(environ: os._Environ[str] | dict[str, str]) -> bool:
    """Whether there is a key, or Vertex AI is asked for: a project alone says nothing, many shells have one."""
    vertex = any(environ.get(name, "").strip().lower() in ("true", "1", "yes") for name in VERTEX)
    return vertex or any(environ.get(name) for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY"))
