"""What became of the events in a file of OTLP JSON, found without falsetrail: prints a JSON document.

usage: truth.py SENT OTLP
"""

import collections
import json
import sys


def documents(line):
    """The documents of a line: before the end of one that was whole, a collector may have been killed."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(line):
        document, at = decoder.raw_decode(line, at)
        yield document


def main(sent, received):
    numbers = {json.loads(line)["id"]: number for number, line in enumerate(open(sent))}
    copies, torn = collections.Counter(), 0
    for line in open(received, errors="replace"):
        try:
            batches = list(documents(line.strip()))
        except ValueError:
            torn += 1
            continue
        for batch in batches:
            for resource in batch["resourceLogs"]:
                for scope in resource["scopeLogs"]:
                    for record in scope["logRecords"]:
                        copies[json.loads(record["body"]["stringValue"])["id"]] += 1
    doubled = [count for count in copies.values() if count > 1]
    print(json.dumps({
        "arrived": len(copies),
        "unchanged": len(copies),
        "missing": len(numbers) - len(copies),
        "duplicated": len(doubled),
        "copies": sum(doubled) - len(doubled),
        "carrying": sum(copies.values()),
    }))
    print(f"{torn} lines are torn", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
