"""The Python module of the wheel, where only the wheel and pytest are installed: tests/packaging/run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from falsetrail import Failed, Run, generate, program
from falsetrail.pytest_plugin import Generate


def test_the_fixture_gives_parsed_events(falsetrail: Generate) -> None:
    run = falsetrail("create-pool,update-pool-failure,delete-pool")
    # Methods write their keys in camelCase or in snake_case, as documented.
    methods = [event["data"].get("methodName", event["data"].get("method_name")) for event in run]
    assert methods == ["CreateComputePool", "UpdateComputePool", "DeleteComputePool"]
    assert len(run) == 3 and run[0]["specversion"] == "1.0"
    assert len({event["subject"] for event in run}) == 1


def test_the_fixture_gives_the_same_events_on_each_call(falsetrail: Generate) -> None:
    assert falsetrail("mass-deletion").lines == falsetrail("mass-deletion").lines
    assert falsetrail("mass-deletion").lines != falsetrail("mass-deletion", seed=8).lines


def test_the_truth_names_the_events_of_an_injected_instance(falsetrail: Generate) -> None:
    run = falsetrail("busy-day", "-n", "500", "--rate", "10/s", "--inject", "mass-deletion@+5s,label=positive")
    (attack,) = run.labelled("positive")
    ids = [event["id"] for event in run]
    assert attack["scenario"] == "mass-deletion" and set(attack["event_ids"]) <= set(ids)
    assert sum(len(instance["event_ids"]) for instance in run.truth) == len(run)


def test_a_drawn_seed_and_start_are_known_afterwards() -> None:
    run = generate("pool-lifecycle")
    assert generate("pool-lifecycle", seed=run.seed, start=run.start).lines == run.lines


def test_a_scenario_may_be_a_file(falsetrail: Generate, tmp_path: Path) -> None:
    scenario = tmp_path / "own.yaml"
    scenario.write_text("steps:\n  - call: create-pool\n  - call: delete-pool\n")
    assert len(falsetrail(scenario)) == 2


def test_the_verdict_says_what_arrived(falsetrail: Generate, tmp_path: Path) -> None:
    run = falsetrail("busy-day", "-n", "300")
    assert run.verify(json.dumps({"event": event}) for event in run)["complete"]
    incomplete = run.verify(run.lines[:-1])
    assert not incomplete["complete"] and incomplete["missing"] == 1
    received = tmp_path / "received.ndjson"
    received.write_bytes(b"\n".join(run.lines) + b"\n")
    assert run.verify(received)["arrived"] == 300


def test_mistakes_are_reported_in_the_binarys_words() -> None:
    with pytest.raises(Failed, match="did you mean `create-pool`") as failure:
        generate("creat-pool")
    assert failure.value.status == 2


def test_the_binary_is_the_one_beside_the_module() -> None:
    import sysconfig

    assert Path(program()).parent == Path(sysconfig.get_path("scripts"))
    assert isinstance(generate("pool-lifecycle"), Run)
