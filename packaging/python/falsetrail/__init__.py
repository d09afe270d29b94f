"""Synthetic audit events for Python tests: runs of the Falsetrail binary, parsed.

    import falsetrail

    run = falsetrail.generate("pool-resize-failure", seed=7, start="2026-01-05T08:00:00Z")
    for event in run:
        print(event["time"], event["data"]["methodName"])

The binary does the work; this module starts it, parses its output and keeps the ground truth and the run file beside
the events. The pytest fixture `falsetrail` is in `falsetrail.pytest_plugin`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Union

__all__ = ["Event", "Failed", "Instance", "Run", "Verdict", "generate", "program"]

Event = dict[str, Any]
"""A parsed CloudEvent."""

Instance = dict[str, Any]
"""A line of the ground truth: one execution of a scenario, with its label and the ids of its events."""

Verdict = dict[str, Any]
"""The result of `falsetrail verify`; its keys are explained by `falsetrail help verdict`."""

StrPath = Union[str, "os.PathLike[str]"]


class Failed(Exception):
    """The binary ended with another exit status than 0. The text is its own message."""

    def __init__(self, command: list[str], status: int, message: str) -> None:
        super().__init__(message or f"{command[0]} ended with exit status {status}")
        self.command = command
        self.status = status


@dataclass(frozen=True)
class Run:
    """The events of a run. Iterating over it gives the parsed events in the order of the run."""

    lines: tuple[bytes, ...]
    """The events as the binary wrote them, without line feeds."""

    truth: tuple[Instance, ...]
    """The ground truth: every instance of the run, injected or not. The `label` of those that were not is None."""

    description: dict[str, Any]
    """The run file, which repeats the run (`falsetrail generate --run FILE`)."""

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """The parsed events."""
        return tuple(json.loads(line) for line in self.lines)

    @property
    def seed(self) -> int:
        """The seed, also if it was drawn."""
        seed: int = self.description["seed"]
        return seed

    @property
    def start(self) -> str:
        """The start of event time, in RFC 3339."""
        start: str = self.description["from"]
        return start

    def labelled(self, label: str) -> tuple[Instance, ...]:
        """The instances of the ground truth with this label."""
        return tuple(instance for instance in self.truth if instance["label"] == label)

    def verify(self, received: StrPath | Iterable[bytes | str], *options: str) -> Verdict:
        """Compares what arrived at the far end of a pipeline with this run.

        `received` is the path of a file or folder, or records. `options` are those of `falsetrail verify`. The verdict
        is returned whether or not everything arrived: see its key `complete`.
        """
        with tempfile.TemporaryDirectory(prefix="falsetrail-") as name:
            folder = Path(name)
            (folder / "run.json").write_text(json.dumps(self.description), encoding="utf-8")
            path = _received(received, folder)
            arguments = ["verify", "--run", str(folder / "run.json"), path, "--summary", str(folder / "verdict.json")]
            # Exit status 1 is a verdict, too: not everything arrived.
            _run([*arguments, "--quiet", *options], fine=(0, 1))
            try:
                verdict: Verdict = json.loads((folder / "verdict.json").read_bytes())
            except (FileNotFoundError, json.JSONDecodeError) as error:
                raise Failed(arguments, 1, f"`falsetrail verify` left no verdict: {error}") from error
            return verdict

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, index: int) -> Event:
        return self.events[index]


def generate(scenario: StrPath, *options: str, seed: int | None = None, start: str | None = None) -> Run:
    """Generates the events of a scenario: a shipped name, the path of a file, or calls in one line.

    `options` are those of `falsetrail generate`, except those that send the events elsewhere. Without `seed` and `start`
    they are the scenario's own, else the seed is drawn and the run ends now; the run says which they were. Raises
    `Failed` with the binary's message if the run cannot be made.
    """
    with tempfile.TemporaryDirectory(prefix="falsetrail-") as name:
        folder = Path(name)
        command = ["generate", os.fspath(scenario), *options, "--quiet"]
        command += [] if seed is None else ["--seed", str(seed)]
        command += [] if start is None else ["--from", start]
        command += ["--write-run", str(folder / "run.json"), "--truth", str(folder / "truth.ndjson"), "--truth-all"]
        lines = tuple(_run(command).splitlines())
        truth = tuple(json.loads(line) for line in (folder / "truth.ndjson").read_bytes().splitlines())
        return Run(lines, truth, json.loads((folder / "run.json").read_bytes()))


def program() -> str:
    """The path of the binary: the value of FALSETRAIL, the one that was installed with this module, or one on the PATH."""
    named = os.environ.get("FALSETRAIL")
    if named:
        return named
    file = "falsetrail" + (sysconfig.get_config_var("EXE") or "")
    user = "nt_user" if os.name == "nt" else "posix_user"
    folders = [sysconfig.get_path("scripts"), sysconfig.get_path("scripts", user)]
    # `pip install --target`.
    folders.append(str(Path(__file__).resolve().parent.parent / "bin"))
    for folder in folders:
        path = Path(folder) / file
        if path.is_file():
            return str(path)
    found = shutil.which("falsetrail")
    if found is None:
        raise FileNotFoundError("the binary `falsetrail` is neither beside this module nor on the PATH; set FALSETRAIL to its path")
    return found


def _received(received: StrPath | Iterable[bytes | str], folder: Path) -> str:
    """The path of what arrived; records are written to a file first."""
    if isinstance(received, (str, os.PathLike)):
        return os.fspath(received)
    path = folder / "received"
    with path.open("wb") as file:
        for record in received:
            file.write(record.encode() if isinstance(record, str) else record)
            file.write(b"\n")
    return str(path)


def _run(arguments: list[str], fine: tuple[int, ...] = (0,)) -> bytes:
    """Runs the binary, and returns what it wrote to standard output."""
    command = [program(), *arguments]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    message = ended.stderr.decode(errors="replace").strip()
    if ended.returncode not in fine:
        raise Failed(command, ended.returncode, message)
    if message:
        # Warnings; pytest shows them with a failed test.
        print(message, file=sys.stderr)
    return ended.stdout
