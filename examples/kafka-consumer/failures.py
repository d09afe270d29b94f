"""Reads audit events from Kafka, and prints those of calls that have failed.

    python failures.py localhost:9092 audit               until it is stopped
    python failures.py localhost:9092 audit --until-end    what is there now

It needs the package `confluent-kafka`. Something to read:

    falsetrail generate busy-day -n 10k -b localhost:9092 -t audit --create-topic 4
"""

import argparse
import json

from confluent_kafka import Consumer, KafkaError, KafkaException


def get(value, *path):
    """The value at a path, whose keys are in camelCase or, in events of some methods, in snake_case."""
    for key in path:
        snake = "".join("_" + letter.lower() if letter.isupper() else letter for letter in key)
        value = (value or {}).get(key, (value or {}).get(snake))
    return value


def failure(event):
    """A line about an event whose call has failed; None if it has not."""
    if get(event, "data", "result", "status") != "FAILURE":
        return None
    error = event["data"]["result"]["data"]["errors"][0]
    principal = get(event, "data", "authenticationInfo", "principal")
    who = get(principal, "confluentUser", "resourceId") or get(principal, "confluentServiceAccount", "resourceId")
    what = get(event, "data", "methodName")
    return f"{event['time']} {who} {what} {error['status']} {error['detail']}"


def events(consumer, until_end):
    """The events of the partitions that the group gives us; with `until_end`, up to where each ends at first sight."""
    ended = set()
    while not until_end or not ended or len(ended) < len(consumer.assignment()):
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error() is None:
            yield json.loads(message.value())
        elif message.error().code() == KafkaError._PARTITION_EOF:
            ended.add(message.partition())
        else:
            raise KafkaException(message.error())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bootstrap")
    parser.add_argument("topic")
    parser.add_argument("--group", default="failures", help="consumer group (default: failures)")
    parser.add_argument("--until-end", action="store_true", help="end when all that is there has been read")
    options = parser.parse_args()
    consumer = Consumer({
        "bootstrap.servers": options.bootstrap,
        "group.id": options.group,
        "auto.offset.reset": "earliest",
        "enable.partition.eof": options.until_end,
    })
    consumer.subscribe([options.topic])
    try:
        for event in events(consumer, options.until_end):
            line = failure(event)
            if line is not None:
                print(line, flush=True)
    except KeyboardInterrupt:
        pass
    finally:
        # Says how far it has read, and leaves the group.
        consumer.close()


if __name__ == "__main__":
    main()
