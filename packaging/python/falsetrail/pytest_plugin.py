"""The pytest fixture `falsetrail`; pytest finds it where this package is installed."""

from __future__ import annotations

from typing import Protocol

import pytest

from . import Run, StrPath, generate


class Generate(Protocol):
    """Generates the events of a scenario, the same on each call."""

    def __call__(
        self, scenario: StrPath, *options: str, seed: int = ..., start: str = ...
    ) -> Run: ...


@pytest.fixture(scope="session")
def falsetrail() -> Generate:
    """A function that generates the events of a scenario: `falsetrail.generate` with a fixed seed and start.

    Another seed gives other events: `falsetrail("mass-deletion", seed=8)`.
    """

    def fixed(scenario: StrPath, *options: str, seed: int = 7, start: str = "2026-01-05T08:00:00Z") -> Run:
        return generate(scenario, *options, seed=seed, start=start)

    return fixed
