"""How soon the pace is back after refusals that pass: recover.py URL

Eight threads embed one text a call for 30 s. Three times, 3 s apart, the server refuses what comes for a tenth of a
second, and tells a delay of 2 s: no quota, but it looks like one.
"""

import json
import sys
import threading
import time
import urllib.request
from itertools import count

from gemini_embed import Embedder

THREADS, SECONDS = 8, 30.0
REFUSALS_AT_S, REFUSED_FOR_S = (5.0, 8.0, 11.0), 0.1
LATENCY_MS = 50

url = sys.argv[1]
answered: list[float] = []
begin = time.monotonic()


def set_up(**options: float) -> None:
    """Tell the mock server how it is to answer from now on."""
    body = json.dumps({"latency_ms": LATENCY_MS, "retry_delay_s": 2.0, "p429": 0.0, **options}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{url}/reset", body), timeout=30).close()  # noqa: S310 - loopback


def work(embedder: Embedder, number: int) -> None:
    """One thread: call after call, each with a text of its own."""
    for call in count():
        if time.monotonic() - begin > SECONDS:
            return
        embedder.embed_query(f"text {call} of thread {number}")
        answered.append(time.monotonic() - begin)


def per_second(start_s: float, end_s: float) -> float:
    """Calls answered a second."""
    return sum(start_s <= at < end_s for at in answered) / (end_s - start_s)


set_up()
with Embedder("gemini-embedding-001", dimensions=768, api_key="k", base_url=url, concurrency=THREADS) as embedder:
    threads = [threading.Thread(target=work, args=(embedder, number)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for at in REFUSALS_AT_S:
        time.sleep(max(0.0, begin + at - time.monotonic()))
        set_up(p429=1.0)
        time.sleep(REFUSED_FOR_S)
        set_up()
    for thread in threads:
        thread.join()
last = REFUSALS_AT_S[-1]
found = {
    "refusals": len(REFUSALS_AT_S),
    "former_per_s": per_second(1, REFUSALS_AT_S[0]),
    "after_5_s_per_s": per_second(last + 3, last + 5),
    "after_15_s_per_s": per_second(last + 13, last + 15),
}
print("RESULT", json.dumps(found))
