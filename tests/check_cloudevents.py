"""Reads events from standard input by the package `cloudevents`, and says what is wrong with them.

Whatever a catalog describes, its events have to be CloudEvents; this is how the example's are tested.
"""

import json
import sys

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent


def main():
    ids = set()
    for line in sys.stdin.buffer:
        event = JSONFormat().read(CloudEvent, line)
        written = json.loads(line)
        read = {**event.get_attributes(), "data": event.get_data()}
        if set(read) != set(written) or read["data"] != written["data"]:
            sys.exit(f"another event is read: {line[:200]}")
        ids.add(event.get_id())
    if len(ids) < 1000:
        sys.exit(f"only {len(ids)} events")


if __name__ == "__main__":
    main()
