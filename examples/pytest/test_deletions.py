"""A detection rule is tested by its score on a day with attacks and near misses."""

from deletions import deletions

DAY = [
    "busy-day", "--seed", "7", "--from", "2026-01-05T08:00:00Z", "--duration", "1h", "--rate", "2/s",
    "--inject", "mass-deletion@+10m,label=positive",
    "--inject", "mass-deletion@+20m,label=positive,deletes=20,gap=1s",
    "--inject", "mass-deletion@+30m,label=near-miss,deletes=6",
]


def test_the_rule_finds_the_attacks_and_nothing_else(score):
    result = score(deletions, *DAY)
    assert result["recall"] == 1.0
    assert result["labels"]["near-miss"]["fired"] == 0
    assert result["false_alarms"]["total"] == 0
    # It fires during the attack, not after it.
    assert result["time_to_detect"]["from_last"]["largest"] < 0


def test_a_lower_threshold_fires_on_the_near_miss(score):
    result = score(lambda events: deletions(events, threshold=5), *DAY)
    assert result["recall"] == 1.0 and result["labels"]["near-miss"]["fired"] == 1
