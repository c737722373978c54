"""A picture of what is found, for messages that hold nothing else, and words for what it does not show."""

from __future__ import annotations

import base64
from dataclasses import replace
from io import BytesIO

import pytest
from fix_agents import AgentSources
from gemini_embed import Excerpt, Hit
from gemini_embed.agents import picture_of
from PIL import Image as Pillow


def found(sources: AgentSources, kind: str) -> Hit:
    return sources.index.search("pump", 1, filter={"modality": kind})[0]


@pytest.mark.parametrize(
    ("kind", "mime_type", "note"),
    [
        pytest.param("image", "image/png", "", id="image"),
        pytest.param("pdf", "image/png", " (shown: page 2)", id="page"),
        pytest.param(
            "video", "image/jpeg", " (shown: its middle frame; not shown: motion and sound, 0 to 8 s)", id="frame"
        ),
    ],
)
def test_pictures(agent_sources: AgentSources, kind: str, mime_type: str, note: str) -> None:
    hit = found(agent_sources, kind)
    if kind == "pdf":
        hit = replace(hit, record=replace(hit.record, metadata=hit.metadata | {"page_start": 2, "page_end": 2}))
    picture, said = picture_of(hit)
    assert picture is not None
    assert (picture.kind, picture.mime_type, said) == ("image", mime_type, note)
    assert Pillow.open(BytesIO(base64.b64decode(picture.base64))).get_format_mimetype() == mime_type


@pytest.mark.parametrize(("mode", "ending"), [("RGB", "gif"), ("CMYK", "tiff"), ("F", "tiff")])
def test_an_image_of_another_format_is_made_png(agent_sources: AgentSources, mode: str, ending: str) -> None:
    """Also one of a mode that PNG has not."""
    hit = found(agent_sources, "image")
    Pillow.new(mode, (8, 8)).save(agent_sources.folder.parent / f"other.{ending}")
    uri = str(agent_sources.folder.parent / f"other.{ending}")
    other = Hit(replace(hit.record, metadata=hit.record.metadata | {"uri": uri}), 0.0)
    picture, _ = picture_of(other)
    assert picture is not None
    assert picture.mime_type == "image/png"


def test_what_has_no_picture(agent_sources: AgentSources) -> None:
    assert picture_of(found(agent_sources, "text")) == (None, "")
    heard = found(agent_sources, "audio")
    assert picture_of(heard) == (None, f" (not shown: its sound, 0 to {heard.window.end_s:g} s)")
    whole = Hit(replace(heard.record, metadata={"modality": "audio"}), 0.0, widened=Excerpt())
    assert picture_of(whole) == (None, " (not shown: its sound)")


@pytest.mark.parametrize("kind", ["image", "pdf", "video"])
def test_what_cannot_be_shown_is_told(agent_sources: AgentSources, kind: str) -> None:
    hit = found(agent_sources, kind)
    assert picture_of(hit, 10)[0] is None
    assert "bytes, 10 are left)" in picture_of(hit, 10)[1]
    gone = replace(hit, record=replace(hit.record, metadata=hit.metadata | {"uri": str(agent_sources.folder / "gone")}))
    picture, note = picture_of(gone)
    assert picture is None
    assert note.startswith(" (not shown: ")
