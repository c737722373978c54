"""Whether there is a key for the service, and what is said where there is none."""

from __future__ import annotations

import os

VERTEX = ("GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_ENTERPRISE", "GOOGLE_CLOUD_PROJECT")
NO_KEY = (
    "there is no key: set GEMINI_API_KEY (from https://aistudio.google.com/apikey), or GOOGLE_CLOUD_PROJECT for Vertex "
    "AI; or add --emulator to try everything without one (its vectors are not the model's, and stay apart)"
)


def has_key(environ: os._Environ[str] | dict[str, str]) -> bool:
    """Whether there is a key, or a project of Vertex AI."""
    return any(environ.get(name) for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY", *VERTEX))
