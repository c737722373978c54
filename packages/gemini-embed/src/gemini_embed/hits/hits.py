"""Hits of one search, best first."""

from __future__ import annotations

from gemini_embed.hits.hit import Hit


class Hits(list[Hit]):
    """Hits, best first. A notebook shows them as a strip of pictures."""

    def __str__(self) -> str:
        return "\n".join(map(str, self)) or "no hits"

    def __repr__(self) -> str:
        return f"<Hits\n{self}\n>" if self else "<Hits: none>"

    def _repr_html_(self) -> str:
        from gemini_embed.hits.strip import strip

        return strip(self)
