"""Hits as a strip of pictures for a notebook: self-contained HTML, in which nothing of a record is read as markup."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING

from gemini_embed.errors import GeminiEmbedError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

    from gemini_embed.hits.hit import Hit

THUMBNAIL = (180, 120)
THUMBNAIL_DPI = 36
EXCERPT = 160
_SYMBOLS = {"text": "¶", "audio": "♪", "video": "▶", "pdf": "▤", "image": "▣"}
_STYLE = """<style>
.gemini-embed-strip{display:flex;gap:10px;overflow-x:auto;font:12px/1.35 system-ui,sans-serif}
.gemini-embed-strip>figure{flex:0 0 180px;margin:0;border:1px solid #8884;border-radius:6px;padding:6px}
.gemini-embed-strip img{max-width:100%;display:block;margin:4px auto}
.gemini-embed-strip .sign{font-size:40px;text-align:center;padding:16px 0;opacity:.5}
.gemini-embed-strip .words{max-height:8em;overflow:hidden}
.gemini-embed-strip .place{overflow-wrap:anywhere;opacity:.7}
</style>"""


def strip(hits: Sequence[Hit]) -> str:
    """A card for each hit: its rank and score, a picture or its words, and where it is."""
    cards = "".join(_card(rank, hit) for rank, hit in enumerate(hits, 1))
    return f'{_STYLE}<div class="gemini-embed-strip">{cards or "no hits"}</div>'


def _card(rank: int, hit: Hit) -> str:
    words = " ".join(hit.page_content.split())
    shown = f'<div class="words">{escape(words[:EXCERPT])}{"…" if len(words) > EXCERPT else ""}</div>' if words else ""
    modality = escape(hit.modality or "?")
    return (
        f"<figure><b>{rank}</b> {modality} {hit.score:.2f}{_picture(hit)}{shown}"
        f'<div class="place">{escape(hit.link)}</div></figure>'
    )


def _picture(hit: Hit) -> str:
    """A thumbnail, or a sign with what kept it from being one."""
    sign = _SYMBOLS.get(hit.modality or "", "□")
    if hit.modality not in ("image", "video", "pdf"):
        return "" if hit.modality == "text" else f'<div class="sign">{sign}</div>'
    try:
        thumbnail = hit.page(dpi=THUMBNAIL_DPI) if hit.modality == "pdf" else hit.image()
    except (GeminiEmbedError, OSError) as error:
        return f'<div class="sign" title="{escape(str(error), quote=True)}">{sign}</div>'
    return f'<img alt="{escape(hit.modality)}" src="{_data_uri(thumbnail)}">'


def _data_uri(picture: Picture) -> str:
    small = picture.convert("RGB")
    small.thumbnail(THUMBNAIL)
    data = BytesIO()
    small.save(data, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()}"
