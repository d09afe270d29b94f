"""The rule: ten deletions of compute pools by one principal within 60 seconds."""

from collections import defaultdict, deque
from datetime import datetime

DELETIONS = 10
SECONDS = 60


def get(value, *path):
    """The value at a path, whose keys may be in camelCase or, as in some methods, in snake_case."""
    for key in path:
        snake = "".join("_" + letter.lower() if letter.isupper() else letter for letter in key)
        value = value.get(key, value.get(snake))
        if value is None:
            return None
    return value


def principal(event):
    """Who has acted, and whether it was a person."""
    who = get(event, "data", "authenticationInfo", "principal")
    person = get(who, "confluentUser", "resourceId")
    return person or get(who, "confluentServiceAccount", "resourceId"), person is not None


def is_deletion(event):
    succeeded = get(event, "data", "result", "status") == "SUCCESS"
    return succeeded and get(event, "data", "methodName") == "DeleteComputePool"


def seconds(event):
    # Nanoseconds are more than datetime takes.
    text = event["time"].removesuffix("Z")
    return datetime.fromisoformat(text[:26] + "+00:00").timestamp()


def alerts(events, people_only=False):
    """Lists of the events that made the rule fire. After an alert the counting begins anew."""
    recent = defaultdict(deque)
    for event in events:
        who, person = principal(event)
        if not is_deletion(event) or (people_only and not person):
            continue
        window = recent[who]
        window.append(event)
        while seconds(event) - seconds(window[0]) > SECONDS:
            window.popleft()
        if len(window) >= DELETIONS:
            yield list(window)
            window.clear()
