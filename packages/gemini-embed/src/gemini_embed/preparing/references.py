"""Media that the service reads itself: Cloud Storage on Vertex AI, the Files API on the Developer API."""

from __future__ import annotations

from typing import Any

from gemini_embed.content import Media, media_of_type
from gemini_embed.errors import MediaError
from gemini_embed.models import ModelFacts


def check_reference(part: Media, facts: ModelFacts) -> None:
    """Raise MediaError when the backend does not read such an address, or nothing says what is there."""
    in_cloud_storage = (part.location or "").startswith("gs://")
    if in_cloud_storage and facts.backend == "developer":
        raise MediaError(
            f"{part!r}: Cloud Storage is read by Vertex AI only. On the Developer API pass the file's path or "
            "bytes, or upload it with google-genai, client.files.upload(file=...), and pass what comes back",
            "unsupported",
        )
    if not in_cloud_storage and facts.backend == "vertex":
        raise MediaError(
            f"{part!r}: the Files API belongs to the Developer API. On Vertex AI put the file into Cloud Storage and "
            "pass gs://bucket/name, or pass its path or bytes",
            "unsupported",
        )
    if part.mime_type is None:
        raise MediaError(f"{part!r}: nothing says what is there; pass mime_type=", "unknown")
    if media_of_type(part.mime_type) is not type(part):
        raise MediaError(f"{part!r} is said to be {part.mime_type}, which is no {part.modality}", "mismatch")


def file_data(part: Media) -> dict[str, Any]:
    """The part as the JSON of the wire has it."""
    return {"fileData": {"mimeType": part.mime_type, "fileUri": part.location}}
