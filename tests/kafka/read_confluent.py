"""Reads a whole topic with confluent-kafka; prints what `Client.java read` prints.

usage: read_confluent.py BOOTSTRAP TOPIC
"""

import base64
import json
import sys
import time

from confluent_kafka import Consumer, TopicPartition


def text(data):
    return None if data is None else base64.b64encode(data).decode()


def main(bootstrap, topic):
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "falsetrail-test"})
    ids = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    ends = {i: consumer.get_watermark_offsets(TopicPartition(topic, i), timeout=10)[1] for i in ids}
    consumer.assign([TopicPartition(topic, i, 0) for i in ids])
    left = {i: end for i, end in ends.items() if end > 0}
    deadline = time.monotonic() + 60
    while left and time.monotonic() < deadline:
        for message in consumer.consume(1000, timeout=0.2):
            if message.error():
                raise SystemExit(str(message.error()))
            record = {
                "partition": message.partition(),
                "offset": message.offset(),
                "key": text(message.key()),
                "value": text(message.value()),
                "headers": [[name, text(value)] for name, value in message.headers() or []],
            }
            print(json.dumps(record))
            if message.offset() + 1 >= ends[message.partition()]:
                left.pop(message.partition(), None)
    consumer.close()
    if left:
        raise SystemExit(f"the ends of partitions {sorted(left)} were not reached")


if __name__ == "__main__":
    main(*sys.argv[1:])
