"""The quickstart's answers as one HTML page: a static export of the page of `gemini-embed serve`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gemini_embed import Hit
from gemini_embed_cli.answers import found
from gemini_embed_cli.serving.page import export
from gemini_embed_cli.serving.page.answering import place_of
from questions import Question


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


def write_page(
    path: Path, answers: Sequence[Answer], *, data: Path, records: int, model: str, emulated: bool, next_step: str
) -> None:
    """Write the page for `answers`; `data` is the folder that was indexed, `model` what made its vectors,
    `next_step` what to type now."""
    agreed = sum(answer.agreed for answer in answers)
    path.parent.mkdir(parents=True, exist_ok=True)
    export.write_page(
        path,
        [_exported(answer) for answer in answers],
        root=data,
        title="gemini-embed quickstart",
        about=f"{records} passages, pictures, pages and clips of the folder “{data.name}”, embedded with {model}"
        f"{' (emulated)' if emulated else ''}. LangChain and LlamaIndex found the same for {agreed} of {len(answers)} "
        f"questions. {next_step}.",
        emulator=emulated,
    )


def place(hit: Hit, data: Path) -> str:
    """Where a hit is in the folder `data`: `home/house-manual.pdf#page=2`."""
    return hit.link.removeprefix(Hit.of({"source": f"{data}{os.sep}"}, "", 0).link)


def place_in_words(hit: Hit, data: Path) -> str:
    """`home/house-manual.pdf, page 2`, `home/walk.mp4, 0:32 to 1:04`; a link where there are no words for the place."""
    one = found(hit, 1, data.resolve())
    words = place_of(one)
    return f"{one.source}, {words}" if words else one.link


def _exported(answer: Answer) -> export.Answer:
    question = answer.question
    (name, hits), *others = answer.found.items()
    note = "" if answer.agreed else f"This is what {name} found; {', '.join(dict(others))} found it in another order."
    media = [question.medium] if question.medium else []
    return export.Answer(hits=hits, words=question.words, media=media, kind=question.kind, note=note)
