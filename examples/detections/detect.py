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
    """Alerts of a Sigma rule. A correlation names the rows that it is about, which are turned into ids of events."""
    from sigma.backends.sqlite import sqliteBackend
    from sigma.collection import SigmaCollection

    collection = SigmaCollection.from_yaml(rule.read_text(encoding="utf-8"))
    # Sigma adds the rules that a correlation is about: only what nothing refers to is a rule by itself.
    title = collection.rules[-1].title
    table = sqlite3.connect(":memory:")
    columns = "id, timestamp, method, status, failure, principal, address, resource"
    table.execute(f"create table logs ({columns})")
    values = columns.replace("timestamp", "strftime(time, '%Y-%m-%dT%H:%M:%S.%gZ')")
    selected = connection.execute(f"select {values} from events").fetchall()
    table.executemany("insert into logs values (?, ?, ?, ?, ?, ?, ?, ?)", selected)
    ids = dict(table.execute("select rowid, id from logs"))
    for query in sqliteBackend().convert(collection):
        for alert in rows(table.execute(query)):
            if "event_ids" in alert:
                numbers = [int(row.split(":")[1]) for row in json.loads(alert["event_ids"])]
                alert["event_ids"] = [ids[number] for number in numbers]
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
