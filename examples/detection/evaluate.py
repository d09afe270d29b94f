"""Compares the findings of the rule with the ground truth.

usage: evaluate.py EVENTS TRUTH

EVENTS is the output of `falsetrail generate`. TRUTH is written by `--truth TRUTH --truth-all`: a line for each instance,
with the ids of its events, and a label if it was injected. Exit status 1 if a positive was missed or a near miss was
flagged.
"""

import json
import sys
from collections import Counter

import rule


def lines(path):
    with open(path, encoding="utf-8") as file:
        yield from map(json.loads, file)


def instance_of(alert, by_event):
    """The instance that most of an alert's events belong to."""
    return Counter(by_event[event["id"]] for event in alert).most_common(1)[0][0]


def evaluate(name, events, instances, by_event, **how):
    """Prints the result of one variant of the rule; returns missed positives and flagged near misses."""
    fired = {instance_of(alert, by_event) for alert in rule.alerts(events, **how)}
    labels = {number: instance.get("label") for number, instance in enumerate(instances)}
    positives = {number for number, label in labels.items() if label == "positive"}
    found = fired & positives
    precision = len(found) / len(fired) if fired else 1.0
    recall = len(found) / len(positives)
    print(f"{name}: precision {precision:.2f}, recall {recall:.2f} ({len(fired)} instances flagged)")
    for scenario, count in Counter(instances[number]["scenario"] for number in fired - positives).items():
        print(f"  not an attack: {count} of {scenario}")
    missed = [f"{name}: missed {instances[number]['story']}" for number in positives - fired]
    flagged = [f"{name}: flagged the near miss {instances[number]['story']}" for number in fired
               if labels[number] == "near-miss"]
    return missed + flagged


def main(events, truth):
    events, instances = list(lines(events)), list(lines(truth))
    by_event = {event: number for number, instance in enumerate(instances) for event in instance["event_ids"]}
    counts = Counter(instance.get("label") for instance in instances)
    print(f"{len(events)} events: {counts['positive']} positives and {counts['near-miss']} near misses "
          f"among {len(instances)} instances")
    if not counts["positive"] or not counts["near-miss"]:
        return "the ground truth has no positives, or no near misses"
    mistakes = evaluate("any principal", events, instances, by_event)
    mistakes += evaluate("people only", events, instances, by_event, people_only=True)
    return "\n".join(mistakes) or None


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
