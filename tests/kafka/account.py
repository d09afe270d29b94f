"""Holds a run's summary against what is in its topic.

usage: account.py BOOTSTRAP TOPIC FILE.ndjson SUMMARY [order] [lists=LIST] [twice=LIST] [part]

FILE.ndjson has the whole run, whose lines are the records' values, byte for
byte; SUMMARY is what the run said. With `order`, the records of each key have
to be in the run's order. LIST is what was not delivered, if the run has listed
anything; what an earlier LIST calls unknown may be there twice; `part` is a run
that was stopped.
"""

import json
import re
import sys
from collections import Counter, defaultdict

from confluent_kafka import Consumer, TopicPartition

ID = re.compile(rb'"id":"([0-9a-f]{8}-[0-9a-f-]{27})"')


def read(bootstrap, topic):
    """Key and value of each record, in order within each partition."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "account"})
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    for partition in partitions:
        place = TopicPartition(topic, partition, 0)
        end = consumer.get_watermark_offsets(place, timeout=10)[1]
        consumer.assign([place])
        position = 0
        while position < end:
            for message in consumer.consume(2000, timeout=0.5):
                position = message.offset() + 1
                yield message.key(), message.value()
    consumer.close()


def counts(summary):
    """Generated, acknowledged, failed, unknown."""
    number = r"([0-9,]+)"
    found = re.search(rf"^{number} events of ", summary, re.M), re.search(
        rf"^topic \S+ {number} acknowledged, {number} failed, {number} unknown$", summary, re.M
    )
    return [int(text.replace(",", "")) for match in found for text in match.groups()]


def load(flags, name):
    """The lines of the list that a flag names."""
    for flag in flags:
        if flag.startswith(name):
            with open(flag.removeprefix(name), encoding="utf-8") as file:
                return [json.loads(line) for line in file]
    return []


def id_of(event):
    found = ID.findall(event)
    return found[-1].decode() if found else None


def problems(values, lines, summary, flags):
    numbers = {id_of(line): number for number, line in enumerate(lines)}
    whole = set(lines)
    if changed := [value for _, value in values if value not in whole]:
        yield f"{len(changed)} records have other bytes than any event"
    records = [(key, id_of(value)) for key, value in values]
    listed = load(flags, "lists=")
    unknowns = {line["id"] for line in load(flags, "twice=") if line["delivery"] == "unknown"}
    generated, acknowledged, failed, unknown = counts(summary)
    if generated != acknowledged + failed + unknown:
        yield "the counts do not add up"
    if "part" not in flags and generated != len(numbers):
        yield f"{generated} events were generated instead of {len(numbers)}"
    found = Counter(event for _, event in records)
    if strange := found.keys() - numbers.keys():
        yield f"{len(strange)} records are none of the run's"
    if twice := [event for event, count in found.items() if count > 1 and event not in unknowns]:
        yield f"{len(twice)} events are there more than once"
    if not acknowledged <= len(found) <= acknowledged + unknown:
        yield f"{len(found)} events are there, {acknowledged} to {acknowledged + unknown} should be"
    if len(listed) != failed + unknown:
        yield f"{len(listed)} events are listed instead of {failed + unknown}"
    by_number = {number: event for event, number in numbers.items()}
    if any(by_number[line["event"]] != line["id"] for line in listed):
        yield "a listed event has another id"
    missing = {event for event, number in numbers.items() if number < generated} - found.keys()
    if lost := missing - {line["id"] for line in listed}:
        yield f"{len(lost)} events are lost: neither there nor listed"
    if wrong := [line for line in listed if line["delivery"] == "failed" and line["id"] in found]:
        yield f"{len(wrong)} events are there and called failed"
    if "order" in flags:
        keys = defaultdict(list)
        for key, event in records:
            keys[key].append(numbers.get(event, -1))
        if wrong := [key for key, order in keys.items() if order != sorted(order)]:
            yield f"{len(wrong)} keys have lost their order"


def main(bootstrap, topic, path, summary, *flags):
    with open(path, "rb") as file:
        lines = file.read().splitlines()
    with open(summary, encoding="utf-8") as file:
        summary = file.read()
    records = list(read(bootstrap, topic))
    found = list(problems(records, lines, summary, flags))
    generated, acknowledged, failed, unknown = counts(summary)
    print(
        f"    generated {generated}, acknowledged {acknowledged}, failed {failed}, unknown {unknown};"
        f" in the topic {len(records)}"
    )
    for problem in found:
        print(f"    {problem}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
