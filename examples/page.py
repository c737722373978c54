"""The quickstart's answers as one HTML page that needs nothing beside it: pictures are inside, as thumbnails."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import NamedTuple

from questions import Question

THUMBNAIL = (320, 240)
EXCERPT = 220  # characters of a passage
TEMPLATE = Path(__file__).parent / "page.html"
BANNER = """<p class="banner"><strong>These vectors are the emulator's, not the model's.</strong> They are made of
words, colours and simple shapes, so that you can try everything without a key. They say nothing about how well Gemini
searches: set <code>GEMINI_API_KEY</code> and run the same command again to see that.</p>"""


class Found(NamedTuple):
    """One hit, as either framework returned it; `score` is the cosine similarity."""

    score: float
    modality: str
    source: str
    title: str
    text: str


@dataclass(frozen=True)
class Answer:
    """What each framework found for a question, best first."""

    question: Question
    found: dict[str, list[Found]]

    @property
    def agreed(self) -> bool:
        """Whether all frameworks returned the same sources in the same order."""
        return len({tuple(hit.source for hit in hits) for hits in self.found.values()}) == 1

    def rows(self) -> Iterator[tuple[int, Found, list[str]]]:
        """(rank from 1, hit, the frameworks that have it at this rank), so one row a rank where all agree."""
        for rank in range(max(map(len, self.found.values()))):
            at_rank = {name: hits[rank] for name, hits in self.found.items() if rank < len(hits)}
            for source in dict.fromkeys(hit.source for hit in at_rank.values()):
                names = [name for name, hit in at_rank.items() if hit.source == source]
                yield rank + 1, at_rank[names[0]], names


def write_page(path: Path, answers: list[Answer], *, data: Path, records: int, model: str, emulated: bool) -> None:
    """Write the page for `answers`; pictures are read below the folder `data`."""
    page = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        banner=BANNER if emulated else "",
        model=escape(f"{model} (emulated)" if emulated else model),
        records=records,
        data=escape(data.name),
        answers="\n".join(_answer(answer, data) for answer in answers),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


def _answer(answer: Answer, data: Path) -> str:
    question = answer.question
    words = f"<p class='words'>“{escape(question.words)}”</p>" if question.words else ""
    picture = _thumbnail(question.picture) if question.picture else ""
    scope = f"<p class='scope'>{question.modality}s only</p>" if question.modality else ""
    hits = "\n".join(_hit(rank, found, names, data) for rank, found, names in answer.rows())
    return f"""<section>
<div class="question"><h2>{escape(question.kind)}</h2>{words}{picture}{scope}</div>
<ol>
{hits}
</ol>
</section>"""


def _hit(rank: int, found: Found, frameworks: list[str], data: Path) -> str:
    text = f"<h3>{escape(found.title)}</h3><p class='excerpt'>{escape(_excerpt(found.text))}</p>"
    shown = _thumbnail(data / found.source) if found.modality == "image" else text
    names = "".join(f"<span>{escape(name)}</span>" for name in frameworks)
    bar = f'<div class="bar"><div style="width: {max(found.score, 0):.0%}"></div></div>'
    return f"""<li>
<header><b>{rank}</b>{bar}<i>{found.score:.2f}</i></header>
{shown}
<footer><code>{escape(found.source)}</code><div>{names}</div></footer>
</li>"""


def _excerpt(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= EXCERPT else words[:EXCERPT].rsplit(" ", 1)[0] + " …"


def _thumbnail(picture: Path) -> str:
    from PIL import Image, ImageOps

    with Image.open(picture) as whole:
        small = ImageOps.exif_transpose(whole).convert("RGB")
    small.thumbnail(THUMBNAIL)
    buffer = io.BytesIO()
    small.save(buffer, "PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img alt="{escape(picture.stem)}" src="data:image/png;base64,{data}">'
