"""What `make test-live` asks with, on the emulator of a test. Imported when it is asked for: it makes media."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from gemini_embed_emulator import Emulator

if TYPE_CHECKING:
    from live.asking import Service
    from live.facts import Backend, Probe
    from live.running import Row

LARGE = {"media-over-4-mib", "media-19-mb", "media-over-20-mib", "audio-180-s", "audio-over-180-s"}
"""Probes whose media take seconds to make."""


@pytest.fixture
def live_services(emulator: Emulator) -> Iterator[dict[Backend, Service]]:
    """Both APIs of the emulator; jobs are looked at every 10 ms, for a minute."""
    from live.__main__ import emulators_at

    emulator.batch_s = 0.05
    made = emulators_at(emulator.base_url)
    for service in made.values():
        service.poll_s, service.wait_s, service.api_key = 0.01, 60.0, "a-key"
    yield made
    for service in made.values():
        service.close()


def probes_named(*names: str) -> list[Probe]:
    """In the order they are asked."""
    from live.running import PROBES

    return [probe for probe in PROBES if probe.name in names]


def asked_of(services: dict[Backend, Service], *names: str) -> dict[str, Row]:
    """What came of these probes, by name."""
    from live.running import Purse, asked

    rows: list[Row] = []
    asked(dict(services), Purse(1.0), rows.append, probes_named(*names))
    return {row.name: row for row in rows}
