"""What a call used: added up and said in words."""

import numpy as np
import pytest
from gemini_embed import Completed, Usage

SAID = [
    pytest.param(Usage(), "0 requests, tokens unknown", id="nothing"),
    pytest.param(Usage(prompt_tokens=1, requests=1), "1 request, 1 token", id="one"),
    pytest.param(Usage(prompt_tokens=1234, by_modality={"TEXT": 1234}, requests=12), "12 requests, 1,234 tokens",
                 id="one-modality"),
    pytest.param(Usage(prompt_tokens=30, by_modality={"IMAGE": 10, "TEXT": 20}, requests=2, truncated=1, retries=3,
                       cached=5, waited_s={"pace": 1.25, "quota": 2.0}),
                 "2 requests, 3 retries, 30 tokens (10 IMAGE, 20 TEXT), 1 input cut, 5 inputs from the cache, "
                 "waited 3.2 s (pace 1.2, quota 2.0)", id="all"),
    pytest.param(Usage(requests=1, waited_s={"pace": 0.001}), "1 request, tokens unknown", id="a-wait-of-nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("usage", "said"), SAID)
def test_in_words(usage: Usage, said: str) -> None:
    assert str(usage) == said


def test_added_up() -> None:
    one = Usage(prompt_tokens=3, by_modality={"TEXT": 3}, requests=1, retries=1, waited_s={"quota": 1.0}, cached=2)
    other = Usage(by_modality={"IMAGE": 5}, requests=2, truncated=1, waited_s={"quota": 0.5, "server": 2.0})
    assert one + other == Usage(
        prompt_tokens=3,
        by_modality={"IMAGE": 5, "TEXT": 3},
        requests=3,
        truncated=1,
        retries=1,
        waited_s={"quota": 1.5, "server": 2.0},
        cached=2,
    )
    assert one + Usage() == one


def test_what_a_failed_call_had_finished_is_counted_not_listed() -> None:
    completed = Completed(range(12_345), np.zeros((12_345, 2), np.float32), Usage(prompt_tokens=7, requests=124))
    assert repr(completed) == "Completed(12,345 inputs, 124 requests, 7 tokens)"
