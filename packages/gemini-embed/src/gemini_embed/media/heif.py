"""HEIC and AVIF, which Pillow opens with help: HEIC by libheif, AVIF by itself where its release does."""

from __future__ import annotations

from functools import cache

from gemini_embed.errors import MediaError, missing_extra

_HEIC = frozenset((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"))
_AVIF = frozenset((b"avif", b"avis"))


def check_openable(head: bytes, name: str) -> None:
    """See to it that Pillow can open a picture that begins so.

    Raises:
        MediaError: it cannot; the message says what to install.
    """
    if head[4:8] != b"ftyp":
        return
    size = int.from_bytes(head[:4], "big")
    brands = {head[at : at + 4] for at in range(8, min(size, len(head)), 4) if at != 12}
    if brands & _AVIF and not _HEIC & {head[8:12]}:
        from PIL import features

        if not features.check("avif") and not _reads_heic():
            raise MediaError(f"{name} is AVIF, which Pillow opens from 11.3 on: update it", "unsupported")
    elif brands & _HEIC and not _reads_heic():
        raise MediaError(f"{name} is HEIC: {missing_extra('heif', 'pi-heif (to open it)')}", "unsupported")


@cache
def _reads_heic() -> bool:
    """Whether libheif is here; from then on Pillow opens HEIC."""
    try:
        import pi_heif
    except ImportError:
        return False
    pi_heif.register_heif_opener(thumbnails=False)
    return True
