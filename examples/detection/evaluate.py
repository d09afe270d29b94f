"""Holds the rule against what really happened.

usage: evaluate.py EVENTS TRUTH

EVENTS is what `falsetrail generate` wrote, TRUTH what `--truth TRUTH --truth-all` wrote beside it: a line for each story, with the
ids of its events, and a label if it was injected. Exit status 1 if a positive was missed or a near miss was flagged.
"""

import json
import sys
from collections import Counter

import rule


def lines(path):
    with open(path, encoding="utf-8") as file:
        yield from map(json.loads, file)


def story_of(alert, by_event):
    """The story that most of an alert's events belong to."""
    return Counter(by_event[event["id"]] for event in alert).most_common(1)[0][0]


def evaluate(name, events, stories, by_event, **how):
    """Prints a line about one variant of the rule; the mistakes that must not be."""
    fired = {story_of(alert, by_event) for alert in rule.alerts(events, **how)}
    labels = {number: story.get("label") for number, story in enumerate(stories)}
    positives = {number for number, label in labels.items() if label == "positive"}
    found = fired & positives
    precision = len(found) / len(fired) if fired else 1.0
    recall = len(found) / len(positives)
    print(f"{name}: precision {precision:.2f}, recall {recall:.2f} ({len(fired)} stories flagged)")
    for scenario, count in Counter(stories[number]["scenario"] for number in fired - positives).items():
        print(f"  not an attack: {count} of {scenario}")
    missed = [f"{name}: missed {stories[number]['story']}" for number in positives - fired]
    flagged = [f"{name}: flagged the near miss {stories[number]['story']}" for number in fired
               if labels[number] == "near-miss"]
    return missed + flagged


def main(events, truth):
    events, stories = list(lines(events)), list(lines(truth))
    by_event = {event: number for number, story in enumerate(stories) for event in story["event_ids"]}
    counts = Counter(story.get("label") for story in stories)
    print(f"{len(events)} events: {counts['positive']} positives and {counts['near-miss']} near misses "
          f"among {len(stories)} stories")
    if not counts["positive"] or not counts["near-miss"]:
        return "there is nothing to find, or nothing to be taken in by"
    mistakes = evaluate("any principal", events, stories, by_event)
    mistakes += evaluate("people only", events, stories, by_event, people_only=True)
    return "\n".join(mistakes) or None


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
