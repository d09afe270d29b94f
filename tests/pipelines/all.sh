# The pipelines of `tests/pipelines/run --all`, which take longer or bring more with them: sourced by it.
# shellcheck shell=bash

# wait_until COMMAND...: at most a minute.
wait_until() {
    local _
    for _ in $(seq 600); do
        "$@" && return
        sleep 0.1
    done
    echo "    waited a minute in vain for: $*"
    return 1
}

lines_are() {
    [[ $(cat "$1" 2>/dev/null | wc -l) -ge $2 ]]
}

says() {
    grep -qs "$1" "$2"
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Starts a server whose process is known as `server_pid`.
serve() {
    "$@" >"$work/server.said" 2>&1 &
    server_pid=$!
}

stop_server() {
    [[ -z $server_pid ]] || kill "-${1:-TERM}" "$server_pid" 2>/dev/null || true
    wait "$server_pid" 2>/dev/null || true
    server_pid=
}

# syslog-ng and rsyslog exclude each other as packages, so it is only unpacked.
syslog_ng_fetch() {
    sng=$cache/syslog-ng
    [[ -x $sng/usr/sbin/syslog-ng ]] && return
    echo "fetching syslog-ng"
    rm -rf "$sng" && mkdir -p "$sng/packages"
    (
        cd "$sng/packages"
        apt-get download -qq syslog-ng-core libivykis0 libnet1 libpcre3 libwrap0 2>/dev/null
        for package in *.deb; do dpkg -x "$package" "$sng"; done
    )
}

# syslog_ng_copies CONFIGURATION: runs it on sent.ndjson, and on a port.
syslog_ng_start() {
    local state=$work/syslog-ng
    rm -rf "$state" && mkdir -p "$state"
    cat >"$state/syslog-ng.conf" <<CONF
@version: 3.38
options { flush-lines(1000); use-dns(no); stats-freq(0); };
$1
CONF
    LD_LIBRARY_PATH=$sng/usr/lib/x86_64-linux-gnu:$sng/lib/x86_64-linux-gnu:$sng/usr/lib/syslog-ng \
        serve "$sng/usr/sbin/syslog-ng" -F --no-caps -f "$state/syslog-ng.conf" \
        --module-path "$sng/usr/lib/syslog-ng/3.38" -R "$state/persist" -c "$state/control" -p "$state/pid"
    wait_until test -S "$state/control"
}

syslog_ng_copies_a_file() {
    syslog_ng_start "source s { file(\"$work/sent.ndjson\" flags(no-parse) follow-freq(1) read-old-records(yes)); };
        destination d { file(\"$work/sng.log\" template(\"\${MESSAGE}\\n\")); };
        log { source(s); destination(d); flags(flow-control); };"
    wait_until lines_are "$work/sng.log" "$events"
    stop_server
    verdict 0 "{\"arrived\": $events, \"unchanged\": $events, \"complete\": true}" -- --require order=key "$work/sng.log"
}

# syslog_ng_receives OUTPUT LINES SENDER...: what the sender sends to a port of syslog.
syslog_ng_receives() {
    local output=$1 lines=$2 port
    shift 2
    port=$(free_port)
    syslog_ng_start "source s { network(ip(\"127.0.0.1\") port($port) transport(\"tcp\")); };
        destination d { file(\"$output\"); };
        log { source(s); destination(d); flags(flow-control); };"
    PORT=$port "$@"
    wait_until lines_are "$output" "$lines"
    stop_server
}

syslog_ng_puts_a_header_first() {
    # shellcheck disable=SC2016
    syslog_ng_receives "$work/header.log" "$events" \
        bash -c 'cat "$1" >"/dev/tcp/127.0.0.1/$PORT"' - "$work/sent.ndjson"
    verdict 0 "{\"arrived\": $events, \"unchanged\": $events}" -- "$work/header.log"
}

# logger makes a message of each KiB, and none of them is an event.
logger_cuts() {
    local some=500
    head -n "$some" "$work/sent.ndjson" >"$work/some.ndjson"
    # shellcheck disable=SC2016
    syslog_ng_receives "$work/logger.log" $((some * 2)) \
        bash -c 'logger -T -n 127.0.0.1 -P "$PORT" --rfc3164 -t audit <"$1"' - "$work/some.ndjson"
    verdict 1 "{\"expected\": $some, \"arrived\": 0, \"missing\": $some, \"carrying\": 0}" -- \
        -n "$some" "$work/logger.log"
}

syslog_ng() {
    syslog_ng_fetch
    check "syslog-ng copies a file, its bytes and its order" syslog_ng_copies_a_file
    check "syslog-ng puts a header before each message" syslog_ng_puts_a_header_first
    check "logger cuts every event at 1 KiB" logger_cuts
}

otelcol_fetch() {
    otelcol=$cache/otelcol
    cmp -s "$here/otelcol/go.mod" "$otelcol.mod" && return
    need golang-go -- go
    echo "building an OpenTelemetry Collector"
    (cd "$here/otelcol" && go build -mod=mod -o "$otelcol" .)
    cp "$here/otelcol/go.mod" "$otelcol.mod"
}

# otelcol_start OUTPUT OPERATORS
otelcol_start() {
    cat >"$work/otelcol.yaml" <<YAML
receivers:
  filelog:
    include: [$work/sent.ndjson]
    start_at: beginning
    operators: $2
processors: { batch: { send_batch_size: 500, timeout: 100ms } }
exporters: { file: { path: $1, append: true } }
service:
  telemetry: { metrics: { level: none }, logs: { level: warn } }
  pipelines:
    logs: { receivers: [filelog], processors: [batch], exporters: [file] }
YAML
    serve "$otelcol" --config "$work/otelcol.yaml"
}

records_are() {
    [[ $(grep -o '"timeUnixNano"\|"observedTimeUnixNano"' "$1" 2>/dev/null | sort | uniq -c |
        awk '{ if ($1 > most) most = $1 } END { print most + 0 }') -ge $2 ]]
}

otelcol_is_killed() {
    local output=$work/otel.jsonl truth
    rm -f "$output"
    otelcol_start "$output" "[]"
    # Killed after a part of the file: without a storage it begins again with the first line.
    wait_until records_are "$output" 2000
    stop_server KILL
    otelcol_start "$output" "[]"
    wait_until otel_has_all "$output"
    stop_server
    truth=$(python3 "$here/truth.py" "$work/sent.ndjson" "$output")
    python3 -c 'import json, sys; sys.exit(not json.loads(sys.argv[1])["duplicated"] >= 1000)' "$truth"
    verdict 1 "$truth" -- "$output"
    verdict 0 "$truth" -- --allow duplicated "$output"
}

otel_has_all() {
    python3 "$here/truth.py" "$work/sent.ndjson" "$1" 2>/dev/null | grep -q '"missing": 0'
}

otelcol_makes_trees() {
    local output=$work/trees.jsonl
    rm -f "$output"
    otelcol_start "$output" "[{ type: json_parser, parse_to: body }]"
    wait_until records_are "$output" "$events"
    stop_server
    verdict 0 "{\"arrived\": $events, \"reformatted\": $events, \"changed\": 0, \"duplicated\": 0}" -- "$output"
}

otel() {
    otelcol_fetch
    check "an OpenTelemetry Collector is killed, and reads the file again" otelcol_is_killed
    check "an OpenTelemetry Collector makes trees of events" otelcol_makes_trees
}

opensearch_fetch() {
    opensearch_jars=$cache/opensearch
    [[ -f $opensearch_jars/.complete ]] && return
    need default-jdk-headless maven -- java mvn
    echo "fetching OpenSearch by Maven"
    mvn -q -B -Dstyle.color=never -f "$here/opensearch/pom.xml" dependency:copy-dependencies \
        "-DoutputDirectory=$opensearch_jars" -Dmdep.includeScope=runtime
    touch "$opensearch_jars/.complete"
}

# The events go into the index in bulk, each under its id, and a tenth of them twice; out they come by a search.
opensearch_stores() {
    local port transport
    port=$(free_port)
    transport=$(free_port)
    mkdir -p "$work/opensearch/config"
    serve java -Xmx768m -XX:+UseSerialGC -cp "$opensearch_jars/*" "$here/opensearch/SingleNode.java" \
        "$work/opensearch" "$port" "$transport"
    wait_until says '^started' "$work/server.said"
    python3 - "$work" "http://127.0.0.1:$port" <<'PYTHON'
import json, sys, urllib.request

work, base = sys.argv[1:]

def ask(method, path, body=None, kind="application/json"):
    request = urllib.request.Request(base + path, body, {"content-type": kind}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()

lines = open(f"{work}/sent.ndjson").read().splitlines()
lines += lines[::10]
ask("PUT", "/audit", json.dumps({"settings": {"index.mapping.total_fields.limit": 5000}}).encode())
with open(f"{work}/bulk.ndjson", "w") as bulk:
    for at in range(0, len(lines), 1000):
        text = "".join(
            json.dumps({"create": {"_id": json.loads(line)["id"]}}) + "\n" + line + "\n" for line in lines[at:at + 1000])
        bulk.write(text)
        ask("POST", "/audit/_bulk?filter_path=took", text.encode(), "application/x-ndjson")
ask("POST", "/audit/_refresh")
answer = ask("POST", "/audit/_search?scroll=1m", json.dumps({"size": 5000, "sort": ["_doc"]}).encode())
with open(f"{work}/hits.json", "wb") as hits:
    while json.loads(answer)["hits"]["hits"]:
        hits.write(answer + b"\n")
        scroll = {"scroll": "1m", "scroll_id": json.loads(answer)["_scroll_id"]}
        answer = ask("POST", "/_search/scroll", json.dumps(scroll).encode())
PYTHON
    stop_server
    verdict 0 "{\"arrived\": $events, \"unchanged\": $events, \"records\": $events}" -- "$work/hits.json"
    # The action lines of the requests only mention events.
    verdict 1 "{\"arrived\": $events, \"unchanged\": $events, \"duplicated\": $((events / 10)),
        \"mentions\": $((events + events / 10))}" -- "$work/bulk.ndjson"
}

opensearch() {
    opensearch_fetch
    check "OpenSearch stores each event once, under its id" opensearch_stores
}

clickhouse_round_trip() {
    "$venv_all/bin/python" - "$work" <<'PYTHON'
import sys
from chdb import session

work = sys.argv[1]
clickhouse = session.Session(f"{work}/clickhouse")
columns = "id UUID, time DateTime64(9), type String, source String, subject String, specversion String, " \
    "datacontenttype String, dataschema String, data JSON"
for query in [
    "create database audit",
    "create table audit.objects (event JSON) engine = MergeTree order by tuple()",
    f"insert into audit.objects select * from file('{work}/sent.ndjson', JSONAsObject)",
    f"select event from audit.objects into outfile '{work}/objects.ndjson' format JSONEachRow",
    f"create table audit.columns ({columns}) engine = MergeTree order by time",
    f"insert into audit.columns select * from file('{work}/sent.ndjson', JSONEachRow, '{columns}')",
    f"select * from audit.columns into outfile '{work}/columns.ndjson' format JSONEachRow",
    f"create table audit.lines (line String) engine = MergeTree order by tuple()",
    f"insert into audit.lines select * from file('{work}/sent.ndjson', LineAsString)",
    f"select line from audit.lines into outfile '{work}/lines.csv' format CSVWithNames",
    f"select line from audit.lines into outfile '{work}/lines.tsv' format TabSeparatedWithNames",
]:
    clickhouse.query(query)
PYTHON
    local name
    for name in objects columns; do
        verdict 0 "{\"arrived\": $events, \"missing\": 0, \"changed\": 0, \"duplicated\": 0, \"foreign\": 0}" -- \
            "$work/$name.ndjson"
    done
    for name in lines.csv lines.tsv; do
        verdict 0 "{\"arrived\": $events, \"changed\": 0, \"uncompared\": 0, \"missing\": 0}" -- "$work/$name"
    done
}

clickhouse() {
    local wanted=$here/requirements-all.txt
    venv_all=$cache/pipelines-all
    if ! cmp -s "$wanted" "$venv_all/.installed"; then
        need_venv
        echo "fetching ClickHouse by pip"
        rm -rf "$venv_all"
        python3 -m venv "$venv_all"
        # What it needs for tables of numbers is left out.
        "$venv_all/bin/python" -m pip install -q --no-deps -r "$wanted"
        cp "$wanted" "$venv_all/.installed"
    fi
    check "ClickHouse gives events back as objects, columns, CSV and TSV" clickhouse_round_trip
}
