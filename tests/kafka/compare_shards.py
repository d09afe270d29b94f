"""Compares what several shards have put into a topic with the undivided run.

usage: compare_shards.py FOLDER REPEATED < records

FOLDER is the run with a file for each story (`--split instance`). REPEATED
is the number of records that a consumer finds to be repetitions by their ids.
Records come as printed by `Client.java read`; standard library only.
"""

import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

from compare import read_records


def id_of(body):
    return json.loads(body)["id"]


def without_repetitions(records):
    """What a consumer keeps that knows the ids which it has seen: the first of each."""
    seen = {}
    for record in records:
        seen.setdefault(id_of(record["value"]), record)
    return list(seen.values())


def repetition_problems(records, kept, repeated):
    """The repetitions are so many, and equal to what they repeat."""
    if len(records) - len(kept) != repeated:
        yield f"{len(records) - len(kept)} records are repetitions, not {repeated}"
    different = {record["value"] for record in records} - {record["value"] for record in kept}
    if different:
        yield f"{len(different)} records have the id of another, such as {next(iter(different))[:200]}"


def union_problems(stories, kept):
    """Each event of the run is there once."""
    wanted = Counter(body for bodies in stories.values() for body in bodies)
    read = Counter(record["value"] for record in kept)
    if lost := wanted - read:
        yield f"{lost.total()} events are not in the topic, such as {next(iter(lost))[:200]}"
    if extra := read - wanted:
        yield f"{extra.total()} records are not of the run, such as {next(iter(extra))[:200]}"


def order_problems(stories, kept):
    """Each story has a key of its own, and on it its events in order, in one partition."""
    story_of = {body: story for story, bodies in stories.items() for body in bodies}
    bodies, places = defaultdict(list), defaultdict(set)
    for record in kept:
        story = story_of.get(record["value"])
        bodies[story].append(record["value"])
        places[story].add((record["key"], record["partition"]))
    for story, expected in stories.items():
        if bodies[story] != expected:
            yield f"{story} has other events, or the same in another order"
        if len(places[story]) != 1:
            yield f"{story} is on {len(places[story])} keys"
    keys = {key for found in places.values() for key, _ in found}
    if len(keys) != len(stories):
        yield f"{len(stories)} stories are on {len(keys)} keys"


def main(folder, repeated):
    stories = {path.name: path.read_bytes().splitlines() for path in sorted(Path(folder).iterdir())}
    records = read_records(sys.stdin)
    kept = without_repetitions(records)
    found = [
        *repetition_problems(records, kept, int(repeated)),
        *union_problems(stories, kept),
        *order_problems(stories, kept),
    ]
    for problem in found[:20]:
        print(f"    {problem}")
    partitions = len({record["partition"] for record in records})
    print(f"    {len(records)} records of {len(stories)} stories in {partitions} partitions, {repeated} repeated")
    sys.exit(1 if found or not records else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
