"""Media and texts longer than the model takes, as windows: looked into first, then cut one window at a time.

    probe (`media`) -> slicing (spans) -> pdfs | video | audio | texts -> windows

    spans       where to cut; pure
    slicing     a medium that was looked into: where its windows lie, and the windows
    pdfs        pages;  video, audio: seconds, by `packets` without decoding where that is possible;  texts: sentences
    frames      of animations, pages of TIFF
    clips       a stretch of a video as a file of its own
    marks       where words stand on a page;  loudness: a recording as a waveform
    window      `Window`, and how long windows are: `Cutting`

Memory stays within a few windows, however long the source is.
"""

from __future__ import annotations

from collections.abc import Generator

from gemini_embed.media.probing import MediaInfo, probe
from gemini_embed.media.source import Source
from gemini_embed.models import ModelFacts
from gemini_embed.windows.slicing import Slices, slices, sound_between, sound_slices
from gemini_embed.windows.texts import text_windows
from gemini_embed.windows.window import Cutting, Window

__all__ = [
    "Cutting",
    "MediaInfo",
    "Slices",
    "Source",
    "Window",
    "probe",
    "slices",
    "sound_between",
    "sound_slices",
    "text_windows",
    "windows",
]


def windows(source: Source, facts: ModelFacts, cutting: Cutting | None = None) -> Generator[Window, None, None]:
    """A medium as windows that `facts` allow, in order; each is a file of its own. An image is one window.

    The source is looked into to its end first, so that what is wrong with it is known before the first window.

    Raises:
        InputError: missing, unreadable, no regular file.
        MediaError: what is wrong inside, see its `kind`.
        ConfigurationError: `cutting` asks for windows longer than the model takes.
        MissingExtraError: PyAV, pypdfium2 or Pillow is not installed.
    """
    return slices(source, facts, cutting).windows()
