"""The rule under test: many deletions of compute pools by one person, without a pause of a minute."""

from refusals import get

PAUSE = 60


def seconds(event):
    """Time of day in seconds; the days of the tests end before midnight."""
    hours, minutes, rest = event["time"].removesuffix("Z").split("T")[1].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def deletions(events, threshold=10):
    """Alerts: each has the ids of the deletions that made it fire."""
    recent = {}
    for event in events:
        if get(event, "data", "methodName") != "DeleteComputePool":
            continue
        who = get(event, "data", "authenticationInfo", "identity")
        if "identity=u-" not in who or get(event, "data", "result", "status") != "SUCCESS":
            continue
        window = recent.setdefault(who, [])
        if window and seconds(event) - seconds(window[-1]) > PAUSE:
            window.clear()
        window.append(event)
        if len(window) == threshold:
            yield {"rule": "deletions", "time": event["time"], "ids": [event["id"] for event in window]}
