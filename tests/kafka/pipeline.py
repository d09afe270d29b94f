"""A pipeline: reads a topic to its end with the CloudEvents SDK and writes its events to another, without their keys.

usage: pipeline.py BOOTSTRAP FROM TO EVERY     every EVERY-th event is lost; prints the ids of these
"""

import sys
import time

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from confluent_kafka import Consumer, Producer, TopicPartition


def main(bootstrap, source, target, every):
    form = JSONFormat()
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "pipeline", "isolation.level": "read_committed"})
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5, "queue.buffering.max.messages": 1000000})
    partitions = consumer.list_topics(source, timeout=10).topics[source].partitions
    ends = {i: consumer.get_watermark_offsets(TopicPartition(source, i), timeout=10)[1] for i in partitions}
    consumer.assign([TopicPartition(source, i, 0) for i in partitions])
    left = {i: end for i, end in ends.items() if end > 0}
    deadline = time.monotonic() + 60
    number = 0
    while left and time.monotonic() < deadline:
        for message in consumer.consume(1000, timeout=0.2):
            if message.error():
                raise SystemExit(str(message.error()))
            event = form.read(CloudEvent, message.value())
            number += 1
            if number % int(every) == 0:
                print(event.get_id())
            else:
                producer.produce(target, form.write(event))
            if message.offset() + 1 >= ends[message.partition()]:
                left.pop(message.partition(), None)
    consumer.close()
    if producer.flush(60) or left:
        raise SystemExit("not everything was passed on")


if __name__ == "__main__":
    main(*sys.argv[1:])
