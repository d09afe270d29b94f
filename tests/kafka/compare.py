"""Compares the records that a consumer has read with the file of the same run.

usage: compare.py FILE.ndjson [structured|binary|bare] < records

Standard library only; records come as printed by `Client.java read`. If the
package `cloudevents` is installed, it decodes each record, too.
"""

import base64
import json
import sys
from collections import Counter, defaultdict

STRUCTURED = [("content-type", b"application/cloudevents+json; charset=UTF-8")]


def key_of(event):
    """The environment's id, or the organization's for an event without one."""
    ids = {}
    for name, value in (part.split("=", 1) for part in event["subject"].split("/") if "=" in part):
        ids.setdefault(name.upper(), value)
    data = event["data"]
    for entry in (data.get("cloudResources") or data.get("cloud_resources") or [])[:1]:
        for resource in (entry.get("scope") or {}).get("resources", []) + [entry["resource"]]:
            ids[resource["type"]] = resource.get("resourceId") or resource.get("resource_id")
    return (ids.get("ENVIRONMENT") or ids["ORGANIZATION"]).encode()


def read_records(lines):
    records = [json.loads(line) for line in lines]
    for record in records:
        for name in ("key", "value"):
            if record[name] is not None:
                record[name] = base64.b64decode(record[name])
        record["headers"] = [(name, base64.b64decode(value)) for name, value in record["headers"]]
    records.sort(key=lambda record: (record["partition"], record["offset"]))
    return records


def body_of(record, bodies):
    """The event that a record in binary mode stands for, as the file has it, if it is the same."""
    event = {}
    for name, value in record["headers"]:
        name = "datacontenttype" if name == "content-type" else name.removeprefix("ce_")
        if name in event:
            return f"{name} twice".encode()
        event[name] = value.decode()
    body = bodies.get(event.get("id"), b"")
    event["data"] = json.loads(record["value"])
    same = body and event == json.loads(body) and b'"data":' + record["value"] in body
    return body if same else json.dumps(event).encode()


def problems(expected, records, mode):
    """Each difference as a sentence."""
    if mode == "binary":
        bodies = {json.loads(body)["id"]: body for body in expected}
        for record in records:
            record["body"] = body_of(record, bodies)
    else:
        headers = STRUCTURED if mode == "structured" else []
        for record in records:
            record["body"] = record["value"]
        if wrong := [record["headers"] for record in records if record["headers"] != headers]:
            yield f"{len(wrong)} records have other headers, such as {wrong[0]}"
    read = Counter(record["body"] for record in records)
    wanted = Counter(expected)
    if lost := wanted - read:
        yield f"{lost.total()} events are not in the topic, such as {next(iter(lost))[:200]}"
    if extra := read - wanted:
        yield f"{extra.total()} records are not in the file, such as {next(iter(extra))[:200]}"
    orders = [defaultdict(list), defaultdict(list)]
    for body in expected:
        orders[0][key_of(json.loads(body))].append(body)
    for record in records:
        orders[1][record["key"]].append(record["body"])
    for key in sorted(orders[0].keys() | orders[1].keys(), key=lambda key: key or b""):
        if orders[0].get(key) != orders[1].get(key):
            yield f"key {key} has other records, or the same in another order"


def cloudevents_problems(records, mode):
    """What the package `cloudevents` makes of the records; nothing if it is not there."""
    try:
        from cloudevents.core.bindings.kafka import KafkaMessage, from_binary, from_structured
        from cloudevents.core.formats.json import JSONFormat
    except ImportError:
        print("    package `cloudevents` is not installed: not decoded with it")
        return
    for record in records:
        message = KafkaMessage(
            headers=dict(record["headers"]), key=record["key"], value=record["value"]
        )
        try:
            event = (from_binary if mode == "binary" else from_structured)(message, JSONFormat())
        except Exception as error:
            yield f"cloudevents: {error!r} for {record['value'][:200]}"
            return
        plain = json.loads(record["body"])
        same = event.get_data() == plain["data"] and all(
            # Its times have microseconds.
            event.get_attributes()[name] == value
            for name, value in plain.items()
            if name not in ("data", "time")
        )
        if not same:
            yield f"cloudevents reads another event than JSON: {record['value'][:200]}"
            return
    print(f"    cloudevents decodes all {len(records)} to equal events")


def main(path, mode="structured"):
    with open(path, "rb") as file:
        expected = file.read().splitlines()
    records = read_records(sys.stdin)
    found = [*problems(expected, records, mode)]
    if not found and mode != "bare":
        found = [*cloudevents_problems(records, mode)]
    for problem in found:
        print(f"    {problem}")
    partitions = len({record["partition"] for record in records})
    keys = len({record["key"] for record in records})
    print(f"    {len(records)} records, {keys} keys, {partitions} partitions")
    sys.exit(1 if found or not expected else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
