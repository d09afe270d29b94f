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
