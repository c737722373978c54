"""Which media of all tool results a model gets."""

from __future__ import annotations

import pytest
from gemini_embed import InputError
from gemini_embed.agents import KINDS, Offered, check_kinds, chosen

A, B, C = Offered("image", 40, "a"), Offered("video", 50, "b"), Offered("audio", 30, "c")
SHOWN = ""


@pytest.mark.parametrize(
    ("results", "max_bytes", "kinds", "said"),
    [
        pytest.param([[A, B], [C]], 120, None, [[SHOWN, SHOWN], [SHOWN]], id="all"),
        pytest.param([[A], [B]], 60, None, [["40 bytes, 10 are left"], [SHOWN]], id="the-newest-first"),
        pytest.param([[A, B, C]], 70, None, [[SHOWN, "50 bytes, 30 are left", SHOWN]], id="what-fits"),
        pytest.param([[A], [A]], 120, None, [["shown once, elsewhere"], [SHOWN]], id="once"),
        pytest.param([[A, C]], 99, ["audio"], [["image is not sent to this model", SHOWN]], id="kinds"),
        pytest.param([[A]], 0, None, [["40 bytes, 0 are left"]], id="nothing-fits"),
        pytest.param([[], [A], []], 99, None, [[], [SHOWN], []], id="results-without"),
        pytest.param([], 99, None, [], id="no-results"),
    ],
)
def test_chosen(results: list[list[Offered]], max_bytes: int, kinds: list[str] | None, said: list[list[str]]) -> None:
    assert chosen(results, max_bytes=max_bytes, kinds=kinds) == said


def test_kinds_are_checked() -> None:
    assert check_kinds(None) == set(KINDS) == {"image", "audio", "video", "pdf"}
    with pytest.raises(InputError, match="kinds= has 'file': there are image, audio, video, pdf"):
        check_kinds(["image", "file"])
    with pytest.raises(InputError, match=r"pass a list of kinds, \['image'\]"):
        check_kinds("image")
