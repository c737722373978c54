"""How much one call and one content may hold. Media are made on the spot."""

from __future__ import annotations

import base64
import io
from functools import cache
from typing import Any

import numpy as np
from fix_media import drawn, film, pdf, png, wav
from PIL import Image

from .asking import Service
from .facts import AUDIO_TOKENS_S, FRAME_TOKENS, IMAGE_TOKENS, Outcome, Probes, refused, taken, usd

PROBES = Probes()
_LONGEST_TEXT = usd(text=8192)
_FACTS, _EMULATED = "gemini_embed/models/facts.py", "gemini_embed_emulator/vectors/medium.py"
_SETTINGS = "gemini_embed_emulator/settings.py"


def part(mime_type: str, data: bytes) -> dict[str, Any]:
    """A medium as a part."""
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode()}}


def picture() -> dict[str, Any]:
    """A small PNG."""
    return part("image/png", png())


@cache
def _noise(request_bytes: int) -> dict[str, Any]:
    """A PNG that makes a request about so large: noise, which nothing compresses."""
    side = int((request_bytes * 3 / 4 / 3) ** 0.5)
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=0)
    return part("image/png", file.getvalue())


def _text(request_bytes: int) -> str:
    word = "gemini embedding "
    return word * (request_bytes // len(word))


@PROBES.add("text-4-mb", f"{_FACTS}: max_text_bytes", _LONGEST_TEXT)
def _text_4_mb(service: Service) -> Outcome:
    """A call of 4,000,000 bytes of text is taken.

    Sends: embedContent with a text of 3.99 MB, which is cut at 8,192 tokens.
    """
    return taken(service.embed(_text(3_990_000)))


@PROBES.add("text-over-4-mib", f"{_SETTINGS}: max_payload_bytes", _LONGEST_TEXT)
def _text_over_4_mib(service: Service) -> Outcome:
    """A call of more than 4,194,304 bytes of text is refused.

    Sends: embedContent with a text of 4.3 MB.
    """
    return refused(service.embed(_text(4_300_000)), 400, 413)


@PROBES.add("media-over-4-mib", f"{_FACTS}: max_media_bytes", usd(image=IMAGE_TOKENS))
def _media_over_4_mib(service: Service) -> Outcome:
    """A call with media may be larger than 4 MiB.

    Sends: embedContent with a PNG of noise, 6 MB as base64.
    """
    return taken(service.embed(_noise(6_000_000)))


@PROBES.add("media-19-mb", f"{_FACTS}: max_media_bytes", usd(image=IMAGE_TOKENS))
def _media_19_mb(service: Service) -> Outcome:
    """A call of 19,000,000 bytes with media is taken.

    Sends: embedContent with a PNG of noise, 18.9 MB as base64.
    """
    return taken(service.embed(_noise(18_900_000)))


@PROBES.add("media-over-20-mib", f"{_SETTINGS}: max_media_payload_bytes", usd(image=IMAGE_TOKENS))
def _media_over_20_mib(service: Service) -> Outcome:
    """A call with media of more than 20 MiB is refused.

    Sends: embedContent with a PNG of noise, 21.5 MB as base64.
    """
    return refused(service.embed(_noise(21_500_000)), 400, 413)


@PROBES.add("images-per-item", f"{_FACTS}: max_images", usd(image=8 * IMAGE_TOKENS))
def _images_per_item(service: Service) -> Outcome:
    """Six images are the limit of an item of a batch, not of a call.

    Sends: batchEmbedContents, two items of four images each.
    """
    return taken(service.embed_all([picture()] * 4, [picture()] * 4))


@PROBES.add("pdfs-per-item", f"{_FACTS}: single", usd(text=200, image=2 * IMAGE_TOKENS))
def _pdfs_per_item(service: Service) -> Outcome:
    """One PDF is the limit of an item of a batch, not of a call.

    Sends: batchEmbedContents, two items of a PDF each.
    """
    page = part("application/pdf", pdf("a page"))
    return taken(service.embed_all([page], [page]))


@PROBES.add("seven-images", f"{_EMULATED}: max_images", usd(image=7 * IMAGE_TOKENS))
def _seven_images(service: Service) -> Outcome:
    """Seven images in a content are refused with 400.

    Sends: embedContent with seven images.
    """
    return refused(service.embed(*[picture()] * 7))


@PROBES.add("seven-pages", f"{_EMULATED}: max_pages", usd(text=500, image=7 * IMAGE_TOKENS))
def _seven_pages(service: Service) -> Outcome:
    """A PDF of seven pages is refused with 400.

    Sends: embedContent with a PDF of seven pages.
    """
    return refused(service.embed(part("application/pdf", pdf(*"abcdefg"))))


@PROBES.add("audio-180-s", f"{_FACTS}: max_audio_s", usd(audio=180 * AUDIO_TOKENS_S))
def _audio_180_s(service: Service) -> Outcome:
    """180 seconds of audio are taken (older pages say 80).

    Sends: embedContent with 179.5 s of a tone.
    """
    return taken(service.embed(part("audio/wav", wav((440, 179.5)))))


@PROBES.add("audio-over-180-s", f"{_EMULATED}: max_audio_s", usd(audio=185 * AUDIO_TOKENS_S))
def _audio_over_180_s(service: Service) -> Outcome:
    """More than 180 seconds of audio are refused with 400.

    Sends: embedContent with 185 s of a tone.
    """
    return refused(service.embed(part("audio/wav", wav((440, 185)))))


def _film(seconds: float) -> dict[str, Any]:
    return part("video/mp4", film((drawn("red circle", (64, 48)), seconds)))


@PROBES.add("video-120-s", f"{_FACTS}: max_video_s", usd(video=120 * FRAME_TOKENS))
def _video_120_s(service: Service) -> Outcome:
    """120 seconds of video are taken.

    Sends: embedContent with 119.5 s of film.
    """
    return taken(service.embed(_film(119.5)))


@PROBES.add("video-over-120-s", f"{_EMULATED}: max_video_s", usd(video=130 * FRAME_TOKENS))
def _video_over_120_s(service: Service) -> Outcome:
    """More than 120 seconds of video are refused with 400.

    Sends: embedContent with 130 s of film.
    """
    return refused(service.embed(_film(130)))
