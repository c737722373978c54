"""The quickstart's answers as one HTML page that needs nothing beside it: pictures, pages and clips are inside."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from gemini_embed import Hit
from gemini_embed.content import Media
from PIL import Image
from questions import Question

THUMBNAIL = (320, 240)
PAGE_DPI = 60  # A4 at 496 x 702 pixels
EXCERPT = 220  # characters of a passage
TEMPLATE = Path(__file__).parent / "page.html"
BANNER = """<p class="banner"><strong>These vectors are the emulator's, not the model's.</strong> They are made of
words, colours, simple shapes and tones, so that you can try everything without a key. They say nothing about how well
Gemini searches: set <code>GEMINI_API_KEY</code> and run the same command again to see that.</p>"""


@dataclass(frozen=True)
class Answer:
    """What each framework found for a question, best first."""

    question: Question
    found: dict[str, list[Hit]]

    @property
    def agreed(self) -> bool:
        """Whether all frameworks returned the same places in the same order."""
        return len({tuple(hit.link for hit in hits) for hits in self.found.values()}) == 1

    def rows(self) -> Iterator[tuple[int, Hit, list[str]]]:
        """(rank from 1, hit, the frameworks that have it at this rank), so one row a rank where all agree."""
        for rank in range(max(map(len, self.found.values()))):
            at_rank = {name: hits[rank] for name, hits in self.found.items() if rank < len(hits)}
            for link in dict.fromkeys(hit.link for hit in at_rank.values()):
                names = [name for name, hit in at_rank.items() if hit.link == link]
                yield rank + 1, at_rank[names[0]], names


def write_page(path: Path, answers: list[Answer], *, data: Path, records: int, model: str, emulated: bool) -> None:
    """Write the page for `answers`; `data` is the folder that was indexed, `model` what made its vectors."""
    page = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        banner=BANNER if emulated else "",
        model=escape(f"{model} (emulated)" if emulated else model),
        records=records,
        data=escape(data.name),
        answers="\n".join(_answer(answer, data) for answer in answers),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


def place(hit: Hit, data: Path) -> str:
    """Where a hit is in the folder `data`: `home/house-manual.pdf#page=2`."""
    return hit.link.removeprefix(Hit.of({"source": f"{data}{os.sep}"}, "", 0).link)


def _answer(answer: Answer, data: Path) -> str:
    question = answer.question
    words = f"<p class='words'>“{escape(question.words)}”</p>" if question.words else ""
    medium = _shown(_hit_of(question.medium)) if question.medium else ""
    scope = f"<p class='scope'>{question.modality} only</p>" if question.modality else ""
    hits = "\n".join(_hit(rank, hit, names, data) for rank, hit, names in answer.rows())
    return f"""<section>
<div class="question"><h2>{escape(question.kind)}</h2>{words}{medium}{scope}</div>
<ol>
{hits}
</ol>
</section>"""


def _hit_of(medium: Media) -> Hit:
    """A question's medium, so that it is shown as hits are."""
    return Hit.of({"uri": medium.location, "modality": medium.modality}, "", 1.0)


def _hit(rank: int, hit: Hit, frameworks: list[str], data: Path) -> str:
    names = "".join(f"<span>{escape(name)}</span>" for name in frameworks)
    bar = f'<div class="bar"><div style="width: {max(hit.score, 0):.0%}"></div></div>'
    return f"""<li>
<header><b>{rank}</b>{bar}<i>{hit.score:.2f}</i></header>
{_shown(hit)}
<footer><code>{escape(place(hit, data))}</code><div>{names}</div></footer>
</li>"""


def _shown(hit: Hit) -> str:
    """A picture, a page, a clip with controls, or an excerpt of the text."""
    if hit.modality == "image":
        picture = hit.image()
        picture.thumbnail(THUMBNAIL)
        return _picture(picture, "image")
    if hit.modality == "pdf":
        return _picture(hit.page(dpi=PAGE_DPI), "page")
    if hit.modality in ("audio", "video"):
        clip = hit.clip()
        return f'<{hit.modality} controls src="{_data_uri(clip.mime_type, clip.data)}"></{hit.modality}>'
    return f"<p class='excerpt'>{escape(_excerpt(hit.page_content))}</p>"


def _excerpt(text: str) -> str:
    words = " ".join(text.replace("#", "").split())  # without the marks of headings
    return words if len(words) <= EXCERPT else words[:EXCERPT].rsplit(" ", 1)[0] + " …"


def _picture(picture: Image.Image, kind: str) -> str:
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "PNG")
    return f'<img class="{kind}" alt="" src="{_data_uri("image/png", buffer.getvalue())}">'


def _data_uri(mime_type: str | None, data: bytes | None) -> str:
    return f"data:{mime_type};base64,{base64.b64encode(data or b'').decode()}"
