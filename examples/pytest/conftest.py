"""The fixture `falsetrail`: a function that returns the parsed events of a scenario."""

import json
import os
import shutil
import subprocess

import pytest


@pytest.fixture(scope="session")
def falsetrail():
    """A function that generates the events of a scenario and gives them parsed, in order.

    The binary is what the environment variable FALSETRAIL names, or `falsetrail` on the PATH.
    """
    binary = os.environ.get("FALSETRAIL") or shutil.which("falsetrail")
    if binary is None:
        pytest.fail("falsetrail is not on the PATH: install it, or set FALSETRAIL to where it is")

    def generate(scenario, *options, seed=7, start="2026-01-05T08:00:00Z"):
        command = [binary, "generate", scenario, "--seed", str(seed), "--from", start, "--quiet", *options]
        # What the program complains about goes to standard error, which pytest shows.
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        return [json.loads(line) for line in output.splitlines()]

    return generate


@pytest.fixture
def everything_arrived(tmp_path):
    """A function that sends a run's events through a function, line by line, and gives the verdict about what it returns."""
    binary = os.environ.get("FALSETRAIL") or shutil.which("falsetrail")

    def check(scenario, forward, *options):
        run, received, verdict = (tmp_path / name for name in ("run.json", "received", "verdict.json"))
        generate = [binary, "generate", scenario, "--seed", "7", "--quiet", "--write-run", run, "--force", *options]
        lines = subprocess.run(generate, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
        received.write_text("\n".join(line for line in map(forward, lines) if line))
        # An exit status of 1 is a verdict, too.
        subprocess.run([binary, "verify", "--run", run, received, "--summary", verdict, "--force", "--quiet"])
        return json.loads(verdict.read_text())

    return check


@pytest.fixture
def score(tmp_path):
    """A function that lets a rule read a run's events and scores its alerts against the ground truth.

    The rule takes parsed events and yields alerts: dictionaries with the ids of events in them.
    """
    binary = os.environ.get("FALSETRAIL") or shutil.which("falsetrail")

    def check(rule, scenario, *options):
        truth, alerts, result = (tmp_path / name for name in ("truth.ndjson", "alerts.ndjson", "score.json"))
        generate = [binary, "generate", scenario, "--quiet", "--force", "--truth", truth, "--truth-all", *options]
        lines = subprocess.run(generate, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
        alerts.write_text("".join(json.dumps(alert) + "\n" for alert in rule(map(json.loads, lines))))
        command = [binary, "score", "--truth", truth, alerts, "--summary", result, "--force", "--quiet"]
        subprocess.run(command, check=True)
        return json.loads(result.read_text())["rules"][0]

    return check
