"""Scrapes the metrics of a run into Kafka until it is over, and checks what they said.

usage: scrape.py URL
"""

import sys
import time
import urllib.error
import urllib.request

PREFIX = "falsetrail_"


def scrape(url):
    """The samples without labels, by name; None if nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            lines = answer.read().decode().splitlines()
    except (urllib.error.URLError, ConnectionError):
        return None
    if lines[-1] != "# EOF":
        sys.exit(f"not the end of an answer: {lines[-1]}")
    pairs = (line.split(" ") for line in lines if line.startswith(PREFIX) and "{" not in line)
    return {name.removeprefix(PREFIX): float(value) for name, value in pairs}


def main(url):
    seen = []
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        samples = scrape(url)
        if samples is not None:
            seen.append(samples)
        elif seen:
            break
        time.sleep(0.05)
    acknowledged = [samples["events_acknowledged_total"] for samples in seen]
    if len(seen) < 10 or acknowledged != sorted(acknowledged) or len(set(acknowledged)) < 5:
        sys.exit(f"acknowledged: {acknowledged}")
    for samples in seen:
        answered = samples["events_acknowledged_total"] + samples["events_failed_total"]
        if samples["events_failed_total"] or answered + samples["events_in_flight"] < samples["events_total"]:
            sys.exit(f"events are missing: {samples}")
    if not 1000 < acknowledged[-1] <= 1500 or seen[-1]["target_events_per_second"] != 500:
        sys.exit(f"at the end: {seen[-1]}")
    print(f"    {len(seen)} scrapes, the last one with {acknowledged[-1]:.0f} of 1500 acknowledged")


if __name__ == "__main__":
    main(*sys.argv[1:])
