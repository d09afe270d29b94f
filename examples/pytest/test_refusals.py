"""Tests with generated events: a parsed event, a complete instance, and a repeated run.

    FALSETRAIL=target/release/falsetrail python -m pytest examples/pytest
"""

import json

import pytest
from refusals import get, refusal


def test_a_refused_update_becomes_a_sentence(falsetrail):
    create, update, delete = falsetrail("create-pool,update-pool-failure,delete-pool")

    user = get(create, "data", "authenticationInfo", "principal", "confluentUser", "resourceId")
    assert refusal(update) == (
        f"{user} was refused UpdateComputePool: "
        "Reducing the max_cfu of a compute pool is currently unsupported. (400)"
    )
    assert refusal(create) is None and refusal(delete) is None


def test_an_event_is_a_cloud_event_about_one_pool(falsetrail):
    create, *others = falsetrail("pool-resize-failure")

    assert create["specversion"] == "1.0"
    assert create["type"] == "io.confluent.cloud/request"
    assert create["time"].startswith("2026-01-05T08:00:00.")
    assert "/compute-pool=lfcp-" in create["subject"]
    # One pool has one name, wherever it appears.
    assert {event["subject"] for event in others} == {create["subject"]}


@pytest.mark.parametrize("method", ["create-pool", "delete-pool", "update-workspace", "get-statement", "list-regions"])
def test_methods_in_both_styles_of_keys_are_understood(falsetrail, method):
    (event,) = falsetrail(f"{method}:forbidden")
    assert refusal(event).endswith("You are not authorized to perform this operation. (403)")


def test_the_same_seed_gives_the_same_events(falsetrail):
    assert falsetrail("mass-deletion") == falsetrail("mass-deletion")
    assert falsetrail("mass-deletion") != falsetrail("mass-deletion", seed=8)


def test_what_is_forwarded_arrives(everything_arrived):
    verdict = everything_arrived("busy-day", lambda line: json.dumps({"event": json.loads(line)}), "-n", "300")
    assert verdict["complete"] and verdict["arrived"] == 300

    # A forwarder that drops large events is found out, and why.
    verdict = everything_arrived("busy-day", lambda line: line if len(line) < 3000 else None, "-n", "300")
    assert verdict["missing"] > 0
    assert verdict["causes"][0]["attribute"] == "size"
