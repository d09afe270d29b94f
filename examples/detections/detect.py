"""Runs detection rules over events, and prints their alerts as JSON lines.

usage: detect.py EVENTS RULE...

EVENTS is a file of events as `falsetrail generate` writes it. A RULE is a query for DuckDB (`.sql`) over the view of
`events.sql`, or a Sigma rule (`.yml`), which pySigma turns into a query for SQLite over the same columns.
"""

import json
import sqlite3
import sys
from pathlib import Path

import duckdb

HERE = Path(__file__).resolve().parent


def database(events):
    """The events as a view of DuckDB."""
    connection = duckdb.connect()
    view = (HERE / "events.sql").read_text(encoding="utf-8")
    connection.execute(view.replace("$events", "'" + str(events).replace("'", "''") + "'"))
    return connection


def rows(cursor):
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, row)) for row in cursor.fetchall())


def sql(rule, connection):
    """Alerts of a query: what it selects."""
    for alert in rows(connection.execute(rule.read_text(encoding="utf-8"))):
        yield {**alert, "time": alert["time"].isoformat() + "Z"}


def sigma(rule, connection):
    """Alerts of a Sigma rule. A correlation names the group and its time and no event, so these alerts have no ids."""
    from sigma.backends.sqlite import sqliteBackend
    from sigma.collection import SigmaCollection

    collection = SigmaCollection.from_yaml(rule.read_text(encoding="utf-8"))
    # Sigma adds the rules that a correlation is about: only what nothing refers to is a rule by itself.
    title = collection.rules[-1].title
    table = sqlite3.connect(":memory:")
    columns = "id, timestamp, method, status, failure, principal, address, resource"
    table.execute(f"create table logs ({columns})")
    selected = connection.execute("select id, strftime(time, '%Y-%m-%dT%H:%M:%S.%gZ'), " + columns.split(", ", 2)[2] + " from events")
    table.executemany("insert into logs values (?, ?, ?, ?, ?, ?, ?, ?)", selected.fetchall())
    for query in sqliteBackend().convert(collection):
        for alert in rows(table.execute(query)):
            alert.pop("event_ids", None)
            yield {"rule": title, **alert}


def main(events, rules):
    connection = database(events)
    for rule in map(Path, rules):
        for alert in (sigma if rule.suffix in (".yml", ".yaml") else sql)(rule, connection):
            print(json.dumps(alert, default=str))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
