#!/usr/bin/env python3
"""Checks events against the documented examples, independently of templates and engine.

    falsetrail generate SCENARIO | python3 tests/check_events.py
    python3 tests/check_events.py [--as-documented] FILE...      (`.gz` is read too)

The structure of every event is held against `tests/examples/<Method>.json`: a leaf is either
a constant of the example or plays a role (an id, a time, a name …). A role has one value in an
event, so whatever appears twice must agree. Above that stand the rules over the whole run:
unique ids, times that never decrease, and life cycles of resources.

Several files are one run: times may only be compared within a file, ids and resources in all.
Exit status: 0 all well, 1 violations (or nothing to check), 2 wrong usage.
"""

import argparse
import collections
import datetime
import functools
import gzip
import json
import pathlib
import re
import sys

EXAMPLES = pathlib.Path(__file__).resolve().parent / "examples"
SHOWN = 20
CRN = "crn://confluent.cloud/organization="
POOLS = "https://devel.cpdev.cloud/fcpm/v2/compute-pools/"

# The envelope of a snake_case event that was completed; the documented ones lack some of these.
COMPLETED = {
    "specversion": "1.0",
    "id": "",
    "source": "crn://confluent.cloud/",
    "type": "io.confluent.cloud/request",
    "subject": "",
    "time": "",
    "datacontenttype": "application/json",
    "dataschema": "https://confluent.io/internal/events/AuditLog.v2",
    "data": {},
}
CLOUDS = {"aws": ("AWS", 1), "gcp": ("GCP", 2), "azure": ("AZURE", 3)}
MAX_CFU = (5, 10, 20, 30, 40, 50)
STATUSES = ("400", "401", "402", "403", "404", "409", "422", "429", "500")
# A phase never gives way to one of a lower rank.
PHASES = {"PROVISIONING": 0, "PROVISIONED": 1, "FAILED": 2, "DEPROVISIONING": 2}


# --- Formats ---------------------------------------------------------------------------------

UUID4 = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
SHORT = "[0-9a-z]{5,11}"
STAMP = r"\d{4}-\d\d-\d\d-\d{6}"
WORKSPACE = f"workspace-{STAMP}(?:-[0-9a-z]{{1,4}})?"
STATEMENT = (
    f"[0-9a-f]{{8}}-[0-9a-f]{{4}}-4[0-9a-f]{{3}}"  # the first 18 characters of a UUIDv4
    f"|cli-{STAMP}-{UUID4}|tf-[0-9a-z.-]+-{UUID4}|{WORKSPACE}-{UUID4}"
    r"|statement-\d+"
)
SECOND = r"(\d{4}-\d\d-\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d"
DOMAIN = r"(?:(?:[0-9a-z-]+\.)*example\.(?:com|net|org)|(?:[0-9a-z-]+\.)+example)"


def text(pattern):
    """A text that the whole of `pattern` matches."""
    match = re.compile(pattern, re.ASCII).fullmatch
    return lambda value: type(value) is str and match(value) is not None


def moment(digits):
    """An RFC 3339 time in UTC with so many digits of a second, on a day that exists."""
    match = re.compile(SECOND + r"\.\d{%d}Z" % digits, re.ASCII).fullmatch

    def check(value):
        found = match(value) if type(value) is str else None
        return found is not None and is_day(found[1])

    return check


@functools.lru_cache(maxsize=None)
def is_day(day):
    try:
        datetime.date.fromisoformat(day)
        return True
    except ValueError:
        return False


def dated(pattern):
    """A name in which each day and second that it carries exists."""
    match = text(pattern)
    stamp = re.compile(r"-(\d{4}-\d\d-\d\d)-(\d\d)(\d\d)(\d\d)(?=-|$)")

    def check(value):
        if not match(value):
            return False
        found = stamp.search(value)
        return found is None or (
            is_day(found[1]) and found[2] < "24" and found[3] < "60" and found[4] < "60"
        )

    return check


def reserved_address(value):
    """An IPv4 address that RFC 5737 or RFC 2544 sets aside."""
    if not text(r"(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})")(value):
        return False
    a, b, c, d = (int(part) for part in value.split("."))
    if d > 255 or c > 255:
        return False
    return (a, b, c) in ((192, 0, 2), (198, 51, 100), (203, 0, 113)) or (a, b) in ((198, 18), (198, 19))


def integer(value):
    return type(value) is int


FORMATS = {
    "event id": text(UUID4),
    "event time": moment(9),
    "subject": text(r"crn://confluent\.cloud/organization=[^/]+(?:/[a-z-]+=[^/]+){0,3}"),
    "organization": text(UUID4),
    "environment": text(f"env-{SHORT}"),
    "region": text(r"(?:aws|gcp|azure)\.[a-z][a-z0-9-]*[a-z0-9]"),
    "region name": text("[a-z][a-z0-9-]*[a-z0-9]"),
    "cloud": integer,
    "user": text(f"u-{SHORT}"),
    "service account": text(f"sa-{SHORT}"),
    "email": text(r"[0-9a-z]+(?:[._+-][0-9a-z]+)*@" + DOMAIN),
    "identity": text(CRN.replace(".", r"\.") + ".+"),
    "request id": text("[0-9a-f]{32}"),
    "client address": reserved_address,
    "pool": text(f"lfcp-{SHORT}"),
    "pool crn": text("crn://.+"),
    "environment crn": text("crn://.+"),
    "pool url": text("https://.+"),
    "display name": text(r"[0-9A-Za-z-][\w.-]{0,63}"),
    "max cfu": lambda value: integer(value) and value in MAX_CFU,
    "current cfu": lambda value: integer(value) and value >= 0,
    "phase": lambda value: type(value) is str and value in PHASES,
    "default pool": lambda value: type(value) is bool,
    "created": moment(6),
    "updated": moment(6),
    "asked max cfu": lambda value: integer(value) and value >= 0,
    "asked display name": text(r"(?:[0-9A-Za-z-][\w.-]{0,63})?"),
    "asked cloud": integer,
    "asked region": text("[a-z0-9-]*"),
    "workspace": dated(WORKSPACE),
    "statement": lambda value, name=dated(STATEMENT): name(value) and len(value) <= 100,
    "compute pool": text(f"lfcp-{SHORT}"),
    "runs as": text(f"sa-{SHORT}"),
    "run by": text(f"(?:u|sa|pool)-{SHORT}"),
    "error status": lambda value: type(value) is str and value in STATUSES,
    "error detail": text(r"(?s).*\S.*"),
}


# --- Roles: which leaf of an example is not a constant -----------------------------------------

ENVELOPE = {"id": "event id", "subject": "subject", "time": "event time"}
TYPES = {
    "ORGANIZATION": "organization",
    "ENVIRONMENT": "environment",
    "FLINK_REGION": "region",
    "COMPUTE_POOL": "pool",
    "FLINK_WORKSPACE": "workspace",
    "STATEMENT": "statement",
}
METADATA = {
    "data.authentication_info.identity": "identity",
    "data.request_metadata.request_id": "request id",
    "data.request_metadata.client_address.ip": "client address",
    "data.resource_name": "subject",
}
# Below `request.data` and `result.data`, keys in snake_case.
CONTENT = {
    "org_resource_id": "organization",
    "org_id": "organization",
    "environment_id": "environment",
    "metadata.environment_id": "environment",
    "spec.environment.id": "environment",
    "spec.environment.related": "pool url",
    "spec.environment.resource_name": "environment crn",
    "fcpm_v_2_region.id": "region",
    "flink_region": "region",
    "spec.flink_region": "region",
    "spec.region": "region name",
    "spec.cloud": "cloud",
    "id": "pool",
    "metadata.resource_name": "pool crn",
    "metadata.self": "pool url",
    "metadata.created_at": "created",
    "metadata.updated_at": "updated",
    "spec.display_name": "display name",
    "spec.max_cfu": "max cfu",
    "spec.config.default_compute_pool": "default pool",
    "status.current_cfu": "current cfu",
    "status.phase": "phase",
    "workspace_name": "workspace",
    "name": "workspace",
    "spec.compute_pool": "compute pool",
    "spec.service_account": "runs as",
    "statement_name": "statement",
    "spec.name": "statement",
    "spec.compute_pool_id": "compute pool",
    "spec.principal": "run by",
}
# An update asks for what it wants, and sends a zero value for the rest.
ASKED = {
    "spec.max_cfu": "asked max cfu",
    "spec.display_name": "asked display name",
    "spec.cloud": "asked cloud",
    "spec.region": "asked region",
}


def snake(key):
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", key).lower()


def role_of(method, path, value):
    """The role of the leaf at `path`, or None for a constant."""
    if len(path) == 1:
        return ENVELOPE.get(path[0])
    if path[:3] not in (("data", "request", "data"), ("data", "result", "data")):
        return METADATA.get(".".join(path))
    inside = ".".join(path[3:])
    if method == "UpdateComputePool" and path[1] == "request" and inside in ASKED:
        return ASKED[inside]
    # An empty text in an example is a filter that is not set.
    return None if value == "" else CONTENT.get(inside)


# --- Structure: an example made into a function that checks an event ---------------------------


class Event:
    """What the structure of one event gave away."""

    def __init__(self):
        self.values = {}
        self.resources = []  # one dict of roles for each listed cloud resource
        self.items = []  # one dict of roles for each listed item
        self.wrong = []  # (rule, message)
        self.broken = False  # too wrong for the rules that rest on the structure

    def fail(self, rule, message):
        self.wrong.append((rule, message))

    def broke(self, rule, message):
        self.broken = True
        self.fail(rule, message)


def shorten(value):
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) <= 100 else line[:97] + "..."


def constant(path, expected):
    where, kind = ".".join(path), type(expected)

    def check(value, values, event):
        if type(value) is not kind or value != expected:
            event.broke("constant", f"{where} is {shorten(value)}, not {shorten(expected)}")

    return check


def leaf(path, role, right=None):
    where, right = ".".join(path), right or FORMATS[role]
    # Whoever acts is one role, with a format for each kind.
    name = "principal" if path[2:3] == ("principal",) and role != "email" else role

    def check(value, values, event):
        if name in values:
            if values[name] != value or type(values[name]) is not type(value):
                event.fail("agreement", f"{where} is {shorten(value)}, but {name} is {shorten(values[name])}")
        elif right(value):
            values[name] = value
        else:
            event.broke("format", f"{where} is {shorten(value)}, which is no {role}")

    return check


def an_object(path, members):
    where, keys, checks = ".".join(path) or "event", list(members), list(members.values())

    def check(value, values, event):
        if type(value) is not dict:
            event.broke("keys", f"{where} is {shorten(value)}, not an object")
        elif list(value) != keys:
            event.broke("keys", f"{where} has {', '.join(value)}; expected {', '.join(keys)}")
        else:
            for member, inner in zip(value.values(), checks):
                inner(member, values, event)

    return check


def an_array(path, checks):
    """As many elements as the example has, each with its own check."""
    where = ".".join(path)

    def check(value, values, event):
        if type(value) is not list or len(value) != len(checks):
            event.broke("keys", f"{where} is {shorten(value)}, not {len(checks)} elements")
            return
        for element, inner in zip(value, checks):
            inner(element, values, event)

    return check


def a_listing(path, inner, limit):
    """Any number of elements up to the page size; each has roles of its own."""
    where, into = ".".join(path), "items" if path[1] == "result" else "resources"

    def check(value, values, event):
        if type(value) is not list or len(value) > limit:
            event.broke("keys", f"{where} is {shorten(value)}, not a list of at most {limit}")
            return
        listed = getattr(event, into)
        for element in value:
            listed.append({})
            inner(element, listed[-1], event)

    return check


def nullable(path, role):
    """null or `{"id": …}`."""
    null = leaf(path, role, lambda value: value is None)
    given = an_object(path, {"id": leaf(path + ("id",), role)})

    def check(value, values, event):
        (null if value is None else given)(value, values, event)

    return check


def a_principal(method, path, example):
    """The user of the example or, the documented liberty, a service account without mail."""
    camel = "confluentUser" in example
    account, identifier = (
        ("confluentServiceAccount", "resourceId") if camel else ("confluent_service_account", "resource_id")
    )
    members = {}
    for key, value in example.items():
        if key == "email":
            members[key] = leaf(path + (key,), "email")
            continue
        inner = {k: constant(path + (key, k), v) for k, v in value.items()}
        inner[identifier] = leaf(path + (key, identifier), "user")
        members[key] = an_object(path + (key,), inner)
    user = an_object(path, members)
    inner = an_object(path + (account,), {identifier: leaf(path + (account, identifier), "service account")})
    service = an_object(path, {account: inner})

    def check(value, values, event):
        (service if type(value) is dict and account in value else user)(value, values, event)

    return check


def a_failure(path):
    roles = {"status": "error status", "detail": "error detail", "source": None, "id": "request id"}
    inner = path + ("data", "errors")
    error = {
        key: leaf(inner + (key,), role) if role else an_object(inner + (key,), {})
        for key, role in roles.items()
    }
    data = an_object(path + ("data",), {"errors": an_array(inner, [an_object(inner, error)])})
    return an_object(path, {"status": constant(path + ("status",), "FAILURE"), "data": data})


def a_result(method, path, example):
    """The example's result or a failure. UpdateComputePool is only documented as a failure: when
    it succeeds it shows the pool as CreateComputePool does."""
    if method == "UpdateComputePool":
        example = load("CreateComputePool")["data"]["result"]
    members = {key: structure(method, path + (key,), value) for key, value in example.items()}
    success, failure = an_object(path, members), a_failure(path)

    def check(value, values, event):
        failed = type(value) is dict and value.get("status") == "FAILURE"
        values["success"] = not failed
        (failure if failed else success)(value, values, event)

    return check


def is_listing(method, path):
    if path == ("data", "cloud_resources"):
        return method in ("ListWorkspaces", "ListStatements")
    return path in (("data", "result", "data", "data"), ("data", "result", "data", "elements"))


def structure(method, path, example):
    """The check that takes what is like `example` at `path` (keys in snake_case)."""
    if path == ("data", "authentication_info", "principal"):
        return a_principal(method, path, example)
    if path == ("data", "result"):
        return a_result(method, path, example)
    if path[-2:] in (("spec", "compute_pool"), ("spec", "service_account")):
        return nullable(path, CONTENT[".".join(path[-2:])])
    if isinstance(example, list) and is_listing(method, path):
        # The second ListStatements item has another order of keys: the first one's holds.
        inner = path[:-1] if path[1] == "result" else path
        return a_listing(path, structure(method, inner, example[0]), 10 if path[-1] == "elements" else 100)
    if isinstance(example, list):
        return an_array(path, [structure(method, path, element) for element in example])
    if isinstance(example, dict):
        return an_object(path, {key: member(method, path, example, key) for key in example})
    role = role_of(method, path, example)
    return leaf(path, role) if role else constant(path, example)


def member(method, path, example, key):
    inner = path + (snake(key),)
    if "type" in example and snake(key) == "resource_id":
        return leaf(inner, TYPES[example["type"]])
    return structure(method, inner, example[key])


def load(method):
    return json.loads((EXAMPLES / f"{method}.json").read_text(encoding="utf-8"))


def structures(as_documented):
    """Name of the method in the body -> (method, check)."""
    found = {}
    for path in sorted(EXAMPLES.glob("*.json")):
        method, example = path.stem, load(path.stem)
        data = example["data"]
        if "method_name" in data and not as_documented:
            example = {**COMPLETED, "data": data}
        name = data.get("methodName") or data["method_name"]
        found[name] = (method, structure(method, (), example))
    return found


# --- References: what an event says twice in different words -----------------------------------

KINDS = {"Pool": "pool", "Workspace": "workspace", "Statement": "statement"}
LEAVES = {"pool": "compute-pool", "workspace": "flink-workspace", "statement": "statement"}


@functools.lru_cache(maxsize=None)
def act_of(method):
    """`("create", "pool")`; lists act on nothing."""
    found = re.fullmatch("(Create|Get|Update|Patch|Delete)(?:Compute)?(Pool|Workspace|Statement)", method)
    return (found[1].lower(), KINDS[found[2]]) if found else ("list", None)


def adopt_scope(method, event):
    """Gives the event of a list the scope of what it lists, or else that of its subject."""
    if method not in ("ListWorkspaces", "ListStatements"):
        return
    subject = event.values.get("subject", "")
    found = re.match(r".*/organization=([^/]+)/environment=([^/]+)/flink-region=([^/]+)", subject)
    names = ("organization", "environment", "region")
    for name, value in zip(names, found.groups() if found else ()):
        if not FORMATS[name](value):
            event.broke("format", f"subject has {shorten(value)}, which is no {name}")
        event.values.setdefault(name, value)
    for listed in event.resources + event.items:
        for name in names:
            if name in listed and listed[name] != event.values.get(name):
                event.fail("list", f"a listed {name} is {listed[name]}, not {event.values.get(name)}")


def expected_subject(method, event):
    values = event.values
    crn = CRN + values["organization"]
    if method == "ListFlinkRegions":
        return crn
    crn += "/environment=" + values["environment"]
    if method == "ListComputePools":
        return crn
    crn += "/flink-region=" + values["region"]
    if method == "ListWorkspaces" and event.resources:
        return f"{crn}/flink-workspace={event.resources[0]['workspace']}"
    kind = act_of(method)[1]
    return f"{crn}/{LEAVES[kind]}={values[kind]}" if kind else crn


def expected_values(method, event):
    """Role -> the only value that the other roles leave it."""
    values = event.values
    organization = CRN + values["organization"]
    found = {
        "subject": expected_subject(method, event),
        "identity": f"{organization}/identity-provider=Confluent/identity={values['principal']}",
    }
    if "pool" in values:
        found["pool url"] = POOLS + values["pool"]
        found["pool crn"] = found["subject"]
        found["environment crn"] = f"{organization}/environment={values['environment']}"
        cloud, found["region name"] = values["region"].split(".", 1)
        found["cloud"] = CLOUDS[cloud][1]
    return found


def check_references(method, event):
    values = event.values
    for role, expected in expected_values(method, event).items():
        if role in values and values[role] != expected:
            event.fail("reference", f"{role} is {shorten(values[role])}, expected {shorten(expected)}")
    parts = re.fullmatch(r"(AWS|GCP|AZURE)\.(.+)\.(env-[0-9a-z]+)\.\d{4}", values.get("display name", ""))
    if parts:
        cloud, region = values["region"].split(".", 1)
        if parts.groups() != (CLOUDS[cloud][0], region, values["environment"]):
            event.fail("reference", f"display name {parts[0]} in {values['region']}, {values['environment']}")
    if method == "UpdateComputePool":
        check_asked(event)


def check_asked(event):
    """An update that names cloud or region names those that the pool has."""
    values = event.values
    cloud, region = values["region"].split(".", 1)
    if values["asked cloud"] not in (0, CLOUDS[cloud][1]):
        event.fail("reference", f"asked for cloud {values['asked cloud']} in {values['region']}")
    if values["asked region"] not in ("", region):
        event.fail("reference", f"asked for region {values['asked region']} in {values['region']}")


def check_list(method, event):
    """What is listed is what the event says it touched, in the same order."""
    if method == "ListFlinkRegions" and event.values["success"]:
        regions = [item["region"] for item in event.items]
        # There are more regions than a page holds, so the page is full.
        if len(regions) != 10 or regions != sorted(set(regions)):
            event.fail("list", f"{len(regions)} regions, expected 10, sorted and distinct: {shorten(regions)}")
    kind = {"ListWorkspaces": "workspace", "ListStatements": "statement"}.get(method)
    if kind:
        touched, listed = ([one[kind] for one in many] for many in (event.resources, event.items))
        if touched != listed:
            event.fail("list", f"cloud resources {touched} are not the items {listed}")
        if len(set(listed)) != len(listed):
            event.fail("list", f"an item is listed twice: {listed}")


# --- The run: what events say about each other --------------------------------------------------

# What a resource "was", as messages say it.
CREATED, EXISTED, DELETED, ABSENT = "created earlier", "there before", "deleted earlier", "never created"
ALIVE = (CREATED, EXISTED)


class Resource:
    """What is known of one resource. `facts` never change but by an update."""

    __slots__ = ("life", "place", "facts")

    def __init__(self, place):
        self.life = None
        self.place = place  # organization, environment, region
        self.facts = {}


class Run:
    """All that is remembered from event to event: ids, people and resources."""

    def __init__(self, as_documented):
        self.structures = structures(as_documented)
        self.events = 0
        self.event_ids, self.request_ids = set(), set()
        self.resources = {}  # (kind, environment if names are only unique there, id)
        self.pairs = {"environment": {}, "principal": {}, "email": {}, "user": {}}
        self.last_time = ""
        self.rules = collections.Counter()
        self.shown = []

    def report(self, place, wrong):
        for rule, message in wrong:
            self.rules[rule] += 1
            if len(self.shown) < SHOWN:
                self.shown.append(f"{place}: {rule}: {message}")

    def pair(self, event, table, key, value):
        """`key` always comes with the same `value`."""
        known = self.pairs[table].setdefault(key, value)
        if known != value:
            event.fail("population", f"{table} {key} comes with {value}, earlier with {known}")

    def resource(self, event, kind, name):
        values = event.values
        key = (kind, name) if kind == "pool" else (kind, values["environment"], name)
        place = (values["organization"], values["environment"], values["region"])
        found = self.resources.get(key)
        if found is None:
            found = self.resources[key] = Resource(place)
        elif found.place != place:
            event.fail("place", f"{kind} {name} is in {'/'.join(place)}, earlier in {'/'.join(found.place)}")
        return found


def check_unique(run, event):
    for ids, role in ((run.event_ids, "event id"), (run.request_ids, "request id")):
        if role not in event.values:
            continue
        packed = bytes.fromhex(event.values[role].replace("-", ""))
        if packed in ids:
            event.fail("unique", f"{role} {event.values[role]} came before")
        ids.add(packed)


def check_time(run, event):
    time = event.values.get("event time")
    if time is None:
        return
    if time < run.last_time:
        event.fail("time order", f"time {time} after {run.last_time}")
    run.last_time = time


def check_population(run, event):
    values = event.values
    if "environment" in values:
        run.pair(event, "environment", values["environment"], values["organization"])
    run.pair(event, "principal", values["principal"], values["organization"])
    if "email" in values:
        run.pair(event, "user", values["principal"], values["email"])
        run.pair(event, "email", values["email"], values["principal"])


def check_life(event, act, name, resource):
    """Moves the resource through its life; says so where the event cannot be."""
    if event.values["success"]:
        after_success(event, act, name, resource)
    else:
        after_failure(event, act, name, resource)


def after_success(event, act, name, resource):
    life = resource.life
    if act == "create":
        if life not in (None, ABSENT):
            event.fail("life cycle", f"{name} is created, but was {life}")
        resource.life = CREATED
    elif life in (DELETED, ABSENT):
        event.fail("life cycle", f"{act} of {name} succeeds, but it was {life}")
    elif act == "delete":
        resource.life, resource.facts = DELETED, None
    elif life is None:
        resource.life = EXISTED


def after_failure(event, act, name, resource):
    status, life = event.values["error status"], resource.life
    if act == "create":
        if status == "409" and life in (DELETED, ABSENT):
            event.fail("already exists", f"{name} cannot exist already: it was {life}")
        elif life is None:
            resource.life = EXISTED if status == "409" else ABSENT
    elif status == "404":
        if life in ALIVE:
            event.fail("not found", f"{act} of {name} finds nothing, but it was {life}")
        elif life is None:
            resource.life = ABSENT
    elif status == "409" and life in (DELETED, ABSENT):
        event.fail("already exists", f"{act} of {name} conflicts, but it was {life}")


def check_facts(event, act, name, resource, roles, values):
    """What is shown of a resource is what was shown before, unless this call changes it."""
    facts = resource.facts
    if facts is None:
        return
    for role in roles:
        if role not in values:
            continue
        known = facts.get(role, values[role])
        if act not in ("create", "update") and known != values[role]:
            event.fail("facts", f"{role} of {name} is {values[role]}, earlier {known}")
        facts[role] = values[role]


FACTS = {
    "workspace": ("compute pool", "runs as"),
    "statement": ("compute pool", "run by"),
}


def check_resource(run, event, act, kind, values):
    """A workspace or a statement that is acted upon, or that is listed."""
    name = values[kind]
    resource = run.resource(event, kind, name)
    check_life(event, act, name, resource)
    if not event.values["success"]:
        return
    check_facts(event, act, name, resource, FACTS[kind], values)
    if act == "patch" and resource.facts:
        resource.facts = {}  # a patch does not record what it changed
    if act in ("create", "update") and values.get("compute pool"):
        check_pool_used(run, event, name, values["compute pool"])


def check_pool_used(run, event, name, pool):
    """What runs from now on runs on a pool that is there."""
    resource = run.resource(event, "pool", pool)
    if resource.life in (DELETED, ABSENT):
        event.fail("pool used", f"{name} is to run on {pool}, which was {resource.life}")
    elif resource.life is None:
        resource.life = EXISTED


def check_pool(run, event, act):
    values, name = event.values, event.values["pool"]
    resource = run.resource(event, "pool", name)
    known = dict(resource.facts or {})
    check_life(event, act, name, resource)
    check_reduction(event, act, name, resource, known)
    if "created" not in values:
        # A create that fails shows the pool in its request only.
        check_facts(event, "get", name, resource, ("default pool", "display name"), values)
        return
    check_shown_pool(event, act, name)
    check_pool_history(event, act, name, known)
    # How it came to be stays; what grows was compared above.
    check_facts(event, "get", name, resource, ("created", "default pool"), values)
    if resource.facts is not None:
        resource.facts.update((role, values[role]) for role in CHANGING)


CHANGING = ("max cfu", "display name", "phase", "updated")


def check_shown_pool(event, act, name):
    """What holds for a pool wherever it is shown."""
    values, now = event.values, event.values.get("event time")
    if values["current cfu"] > values["max cfu"]:
        event.fail("cfu", f"{name} has current_cfu {values['current cfu']} of {values['max cfu']}")
    if values["phase"] == "PROVISIONING" and values["current cfu"] != 0:
        event.fail("cfu", f"{name} is PROVISIONING with current_cfu {values['current cfu']}")
    if values["updated"] < values["created"]:
        event.fail("pool times", f"{name} updated {values['updated']} before created {values['created']}")
    # 6 digits against 9: without the Z a shorter text that is a prefix sorts first.
    if now and values["updated"][:-1] > now[:-1]:
        event.fail("pool times", f"{name} updated {values['updated']} after the event's {now}")
    if now and values["created"][:-1] > now[:-1]:
        event.fail("pool times", f"{name} created {values['created']} after the event's {now}")
    if act == "create":
        if values["phase"] != "PROVISIONING":
            event.fail("phase", f"{name} is created {values['phase']}")
        if values["updated"] != values["created"]:
            event.fail("pool times", f"{name} is created with updated_at {values['updated']}, not created_at")


def check_pool_history(event, act, name, known):
    """What is shown of a pool follows from what was shown before."""
    values = event.values
    if "updated" in known and values["updated"] < known["updated"]:
        event.fail("pool times", f"{name} updated {values['updated']}, earlier {known['updated']}")
    if "phase" in known and PHASES[values["phase"]] < PHASES[known["phase"]]:
        event.fail("phase", f"{name} is {values['phase']}, earlier {known['phase']}")
    expected = {role: known[role] for role in ("max cfu", "display name") if role in known}
    if act == "update":
        asked = ((role, values["asked " + role]) for role in ("max cfu", "display name"))
        expected.update((role, value) for role, value in asked if value)
    for role, value in expected.items():
        if values[role] != value:
            event.fail("facts", f"{role} of {name} is {values[role]}, expected {value}")


def check_reduction(event, act, name, resource, known):
    """max_cfu cannot be reduced, and only a reduction fails as one."""
    if act != "update":
        return
    values = event.values
    asked, has = values["asked max cfu"], known.get("max cfu")
    if values["success"]:
        if asked not in (0,) + MAX_CFU:
            event.fail("cfu", f"{name} is given max_cfu {asked}")
        if asked and has and asked < has:
            event.fail("reduction", f"max_cfu of {name} is reduced from {has} to {asked}")
    elif values["error detail"].startswith("Reducing the max_cfu"):
        if values["error status"] != "400":
            event.fail("reduction", f"a reduction fails with {values['error status']}, not 400")
        if resource.life in (DELETED, ABSENT):
            event.fail("reduction", f"{name} fails to shrink, but it was {resource.life}")
        if has and asked >= has:
            event.fail("reduction", f"{asked} is no reduction of the {has} of {name}")


def check_run(run, method, event):
    check_unique(run, event)
    check_time(run, event)
    check_population(run, event)
    act, kind = act_of(method)
    if kind == "pool":
        check_pool(run, event, act)
    elif kind:
        check_resource(run, event, act, kind, event.values)
    elif event.values["success"] and method in ("ListWorkspaces", "ListStatements"):
        for item in event.items:
            check_resource(run, event, "list", "workspace" if "workspace" in item else "statement", item)


# --- Reading ------------------------------------------------------------------------------------


def without_duplicates(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"a key appears twice: {', '.join(key for key, _ in pairs)}")
    return found


def no_number(name):
    raise ValueError(f"{name} is not JSON")


DECODER = json.JSONDecoder(object_pairs_hook=without_duplicates, parse_constant=no_number)


def check_line(run, line):
    """All that is wrong with one line."""
    event = Event()
    try:
        value = DECODER.decode(line.decode("utf-8"))
    except ValueError as error:
        return [("json", str(error))]
    data = value.get("data") if type(value) is dict else None
    name = (data.get("methodName") or data.get("method_name")) if type(data) is dict else None
    method, check = run.structures.get(name, (None, None)) if type(name) is str else (None, None)
    if method is None:
        return [("method", f"{shorten(name)} is no documented method")]
    check(value, event.values, event)
    adopt_scope(method, event)
    if not event.broken:
        check_references(method, event)
        check_list(method, event)
        check_run(run, method, event)
    return event.wrong


def check_file(run, name):
    run.last_time = ""
    if name == "-":
        source = sys.stdin.buffer
    else:
        source = gzip.open(name) if name.endswith(".gz") else open(name, "rb")
    with source:
        for number, line in enumerate(source, 1):
            run.events += 1
            wrong = check_line(run, line.rstrip(b"\r\n"))
            if wrong:
                run.report(f"{name}:{number}", wrong)


def main():
    parser = argparse.ArgumentParser(description="Checks events against the documented examples.")
    parser.add_argument("--as-documented", action="store_true", help="expect envelopes as printed in the examples")
    parser.add_argument("files", nargs="*", default=["-"], metavar="FILE", help="NDJSON; `-` or none for stdin")
    options = parser.parse_args()
    run = Run(options.as_documented)
    for name in options.files:
        try:
            check_file(run, name)
        except (OSError, EOFError) as error:
            run.report(name, [("reading", str(error))])
    if not run.events:
        run.report("input", [("json", "no events")])
    if run.rules:
        print("\n".join(run.shown))
        counts = ", ".join(f"{rule} {count}" for rule, count in sorted(run.rules.items()))
        print(f"{sum(run.rules.values())} violations in {run.events} events: {counts}")
        return 1
    principals, environments = len(run.pairs["principal"]), len(run.pairs["environment"])
    print(f"ok: {run.events} events, {len(run.resources)} resources, {principals} principals, {environments} environments")
    return 0


if __name__ == "__main__":
    sys.exit(main())
