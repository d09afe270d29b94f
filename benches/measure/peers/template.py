"""Events as a Python script makes them: a `%` template filled with a dictionary.

usage: template.py EVENTS <EVENT

Reads one CreateComputePool event and writes as many that look like it, with random values in the same places. Written
as people write such scripts: values by the standard library, one template, few writes.
"""

import json
import sys
from datetime import datetime, timedelta, timezone
from random import choice, choices, randrange
from uuid import uuid4

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
WORDS = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "hazel", "indigo", "jasper"]


REGIONS = ["us-east-1", "us-east-2", "us-west-2", "eu-west-1", "eu-central-1", "ap-northeast-1"]
SIZES = [5, 10, 20, 30, 40, 50]


def template_of(event):
    """The event's text with names where its sixteen values are."""
    document = json.loads(event)
    data = document["data"]
    resource = data["cloudResources"][0]
    principal = data["authenticationInfo"]["principal"]
    result = data["result"]["data"]
    spec, metadata, status = result["spec"], result["metadata"], result["status"]
    display_name = spec["display_name"]
    values = [
        (f'"updated_at":"{metadata["updated_at"]}"', '"updated_at":"%(updated)s"'),
        (f'"max_cfu":{spec["max_cfu"]}', '"max_cfu":%(size)s'),
        (f'"current_cfu":{status["current_cfu"]}', '"current_cfu":%(used)s'),
        (f'"phase":"{status["phase"]}"', '"phase":"%(phase)s"'),
        (display_name, display_name[:-4] + "%(digits)s"),
        (spec["region"], "%(region)s"),
        (resource["scope"]["resources"][0]["resourceId"], "%(organization)s"),
        (resource["scope"]["resources"][1]["resourceId"], "%(environment)s"),
        (resource["resource"]["resourceId"], "%(pool)s"),
        (principal["email"], "%(email)s"),
        (principal["confluentUser"]["resourceId"], "%(user)s"),
        (data["requestMetadata"]["requestId"][0], "%(request)s"),
        (data["requestMetadata"]["clientAddress"][0]["ip"], "%(ip)s"),
        (metadata["created_at"], "%(created)s"),
        (document["id"], "%(id)s"),
        (document["time"], "%(time)s"),
    ]
    text = event.replace("%", "%%")
    for value, name in values:
        text = text.replace(value, name)
    return text


def name(prefix):
    return prefix + "".join(choices(LETTERS, k=6))


def main():
    template = template_of(sys.stdin.readline())
    organization = uuid4()
    environments = [name("env-") for _ in range(6)]
    users = [(name("u-"), f"{one}.{other}@example.com") for one in WORDS for other in WORDS[:4]]
    now = datetime(2026, 1, 5, 8, tzinfo=timezone.utc)
    lines = []
    for _ in range(int(sys.argv[1])):
        now += timedelta(milliseconds=10)
        created = now - timedelta(microseconds=randrange(50_000, 100_000))
        user, email = choice(users)
        lines.append(template % {
            "updated": f"{created:%Y-%m-%dT%H:%M:%S.%f}Z",
            "size": choice(SIZES),
            "used": 0,
            "phase": "PROVISIONING",
            "digits": f"{randrange(10_000):04}",
            "region": choice(REGIONS),
            "organization": organization,
            "environment": choice(environments),
            "pool": name("lfcp-"),
            "email": email,
            "user": user,
            "request": uuid4().hex,
            "ip": f"198.51.100.{randrange(256)}",
            "created": f"{created:%Y-%m-%dT%H:%M:%S.%f}Z",
            "id": uuid4(),
            "time": f"{now:%Y-%m-%dT%H:%M:%S.%f}{randrange(1000):03}Z",
        })
        if len(lines) == 64:
            sys.stdout.buffer.write("".join(lines).encode())
            lines.clear()
    sys.stdout.buffer.write("".join(lines).encode())


main()
