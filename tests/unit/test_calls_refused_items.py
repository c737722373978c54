"""Which refusals may be the fault of some inputs, and when they turn out not to be."""

from __future__ import annotations

from typing import Any

import pytest
from gemini_embed import ApiError, InputError, RefusedItemsError, RetryPolicy
from gemini_embed.calls.refused import TRIAL_ITEMS, RefusedItems
from gemini_embed.calls.retries import GiveUp, Sift, decide
from gemini_embed.service.refusals import api_error

API_KEY_INVALID = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}


def refused(message: str, status: str = "INVALID_ARGUMENT", *details: dict[str, Any], code: int = 400) -> ApiError:
    body = {"error": {"code": code, "message": message, "status": status, "details": list(details)}}
    return api_error(code, body, model="m")


CASES = [
    pytest.param(refused("EmbedContentRequest.content contains an empty Part"), True, id="empty-part"),
    pytest.param(refused("Request contains an invalid argument."), True, id="no-reason-told"),
    pytest.param(refused("Unable to process input image."), True, id="image"),
    pytest.param(refused("x", ""), True, id="without-a-status"),
    pytest.param(refused("API key not valid.", "INVALID_ARGUMENT", API_KEY_INVALID), False, id="key"),
    pytest.param(refused("User location is not supported", "FAILED_PRECONDITION"), False, id="precondition"),
    pytest.param(refused('Invalid JSON payload received. Unknown name "x"'), False, id="form"),
    pytest.param(refused("oneof field '_model' is already set"), False, id="set-twice"),
    pytest.param(refused("output_dimensionality must be at most 3072"), False, id="size"),
    pytest.param(refused("no", code=403), False, id="403"),
    pytest.param(refused("no", code=404), False, id="404"),
]


@pytest.mark.parametrize("items", [1, 100])
@pytest.mark.parametrize(("error", "sifted"), CASES)
def test_may_be_the_fault_of_some_inputs(error: ApiError, sifted: bool, items: int) -> None:
    decision = decide(error, RetryPolicy(), attempt=1, elapsed_s=0.0, items=items, random=0.0)
    assert decision == (Sift() if sifted else GiveUp())


def test_refused_whatever_it_is() -> None:
    found = RefusedItems("skip")
    for i in range(TRIAL_ITEMS - 1):
        found.refused(refused("no"), [i])
    with pytest.raises(ApiError, match="it is not them"):
        found.refused(refused("no"), [9])


def test_words_that_differ_tell_that_it_is_the_inputs() -> None:
    found = RefusedItems("skip")
    for i in range(20):
        found.refused(refused(f"image {i % 2} cannot be processed"), [i])
    assert len(found.items) == 20


def test_something_was_answered() -> None:
    found = RefusedItems("skip")
    found.answered = True
    for i in reversed(range(20)):
        found.refused(refused("no"), [i, i + 100])
    assert [item.position for item in found.items] == [*range(20), *range(100, 120)]
    found.check()


def test_the_error_names_ten_and_lists_all() -> None:
    found = RefusedItems("raise")
    found.answered = True
    for i in range(12):
        found.refused(refused(f"reason {i}"), [i])
    with pytest.raises(RefusedItemsError, match=r"input 9: reason 9\n  and 2 more, see \.refused") as caught:
        found.check()
    assert len(caught.value.refused) == 12
    assert caught.value.message == "reason 0"


def test_bad_input_is_raised_or_skipped() -> None:
    error = InputError("the text is empty", position=3)
    with pytest.raises(InputError, match="input 3: the text is empty"):
        RefusedItems("raise").bad_input(error, [3])
    found = RefusedItems("skip")
    found.bad_input(error, [3])
    assert [str(item) for item in found.items] == ["input 3: the text is empty"]


def test_the_error_says_which_inputs_why_and_what_to_do() -> None:
    found = RefusedItems("raise")
    found.answered = True
    found.refused(refused("Unable to process input image."), [3])

    with pytest.raises(RefusedItemsError) as caught:
        found.check()

    assert str(caught.value).splitlines() == [
        "400 INVALID_ARGUMENT from m: Unable to process input image.",
        'refused, while all that was sent with them is embedded (.completed); on_error="skip" goes on without them:',
        "  input 3: Unable to process input image.",
    ]
