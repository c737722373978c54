"""Where sentences end is found in time that grows with the text and no faster, and as it always was."""

from __future__ import annotations

import re
import subprocess
import sys

from gemini_embed.windows import text_windows, texts
from hypothesis import example, given, settings
from hypothesis import strategies as st

AS_IT_WAS = re.compile(
    r"(?:#{1,6}[ \t][^\n]*\n\s*)*"
    r".+?(?:[.!?\u2026]+[\"'\u201d\u2019)\]]*(?=\s)|[\u3002\uff01\uff1f]+[\u300d\u300f\uff09]*|(?=\n\s*\n)|\Z)\s*",
    re.DOTALL,
)
"""The pattern of the first indexes, which is quadratic in runs of marks: ids of passages depend on where it cuts."""


@settings(deadline=None, max_examples=500)
@given(st.text(alphabet="a.!\u2026\"') \n\t#\u3002\u300d", max_size=40))
@example("...")
@example("... a")
@example('a..." b')
@example('."."." a')
@example("# a.\n... b\n\n# c\n")
@example("# a\n# b. c\n")
@example("# a\n\n")
def test_sentences_end_where_they_always_did(text: str) -> None:
    assert [m.span() for m in texts._SENTENCE.finditer(text)] == [m.span() for m in AS_IT_WAS.finditer(text)]


LONG = {
    "dots": "'.' * n + 'done'",
    "marks": "'?!' * (n // 2)",
    "dots, then quotes": "'.' * (n // 2) + chr(34) * (n // 2) + 'a'",
    "dots and quotes": "('.' + chr(34)) * (n // 2)",
    "ellipses": "chr(0x2026) * n",
    "East Asian": "chr(0x3002) * n",
    "blanks": "'a' + chr(10) + ' ' * n + 'b'",
    "blank lines": "('a' + chr(10) + ' ' + chr(10)) * (n // 4)",
    "headings": "('# h' + chr(10)) * (n // 4)",
    "hashes": "'#' * n",
    "no marks": "'word ' * (n // 5)",
}


def test_it_ends() -> None:
    """Where time grew with the square of the length, these took an hour: the last one named is the one that hangs."""
    lines = ["from gemini_embed.windows import text_windows", "n = 300_000"]
    for name, text in LONG.items():
        lines += [f"print({name!r}, flush=True)", f"list(text_windows({text}, tokens=1024))"]
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True, timeout=60)  # noqa: S603 - our own texts


def test_a_run_of_dots_keeps_its_place() -> None:
    text = "A sentence. " + "." * 5000 + " Another one."
    found = list(text_windows(text, tokens=64))
    assert "".join(text[w.char_start : w.char_end] for w in found).replace(" ", "") == text.replace(" ", "")
