"""Programs that choose their own event loop: the engine's is Python's, and both doors open from theirs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from gemini_embed import ConnectionFailedError, Embedder, RetryPolicy
from gemini_embed_emulator import Emulator

BOTH_DOORS = """
import asyncio, sys, warnings
from gemini_embed import Embedder

warnings.simplefilter("ignore", DeprecationWarning)  # of policies, from Python 3.14 on

def of_uvloop():  # as uvicorn and uvloop.install() do it
    import uvloop
    return uvloop.EventLoopPolicy()

class Refusing(asyncio.DefaultEventLoopPolicy):
    def new_event_loop(self):
        raise RuntimeError("this program makes its loops itself")

    def set_event_loop(self, loop):
        raise RuntimeError("this program sets its loops itself")

asyncio.set_event_loop_policy(of_uvloop() if sys.argv[2] == "uvloop" else Refusing())
for host in ("127.0.0.1", "localhost"):
    embedder = Embedder(api_key="k", base_url=sys.argv[1].replace("127.0.0.1", host), dimensions=8)
    print(embedder.embed_query("x").values.shape)
    if sys.argv[2] == "uvloop":
        async def main():
            return [type(asyncio.get_running_loop()).__module__, (await embedder.aembed_query("x")).values.shape]
        print(asyncio.run(main()))
"""


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        pytest.param(
            "uvloop",
            "(1, 8)\n['uvloop', (1, 8)]\n" * 2,
            id="uvloop",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="uvloop is not for Windows"),
        ),
        pytest.param("refusing", "(1, 8)\n" * 2, id="a policy that makes no loops"),
    ],
)
def test_a_program_with_a_policy(policy: str, said: str, emulator: Emulator) -> None:
    command = [sys.executable, "-c", BOTH_DOORS, emulator.base_url, policy]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own code
    assert done.stdout == said, done.stderr


def test_a_host_that_cannot_be_looked_up(make_embedder: Callable[..., Embedder]) -> None:
    """A label of 64 letters, at which Python raises a UnicodeError."""
    embedder = make_embedder(base_url=f"http://{'a' * 64}.localhost", retry=RetryPolicy(max_attempts=1))
    with pytest.raises(ConnectionFailedError, match=r"Unicode\w*Error"):
        embedder.embed_query("x")
