# What became of the events of a real topic: sourced by tests/kafka/run.
# shellcheck shell=bash

# verdict STATUS JSON ARGUMENT...: verifies, and compares some numbers of the verdict.
verdict() {
    local wanted=$1 numbers=$2 status=0
    shift 2
    "$falsetrail" verify --summary "$work/verdict.json" --force -b "$bootstrap" "$@" >"$work/said" 2>&1 || status=$?
    python3 - "$work/verdict.json" "$numbers" "$status" "$wanted" <<'PYTHON' || { sed 's/^/    | /' "$work/said"; return 1; }
import json, sys

verdict, wanted = json.load(open(sys.argv[1])), json.loads(sys.argv[2])
wrong = [f"{key}: wanted {value}, found {verdict[key]}" for key, value in wanted.items() if verdict[key] != value]
wrong += [f"exit status {sys.argv[3]} instead of {sys.argv[4]}"] if sys.argv[3] != sys.argv[4] else []
sys.exit("\n".join(wrong) or 0)
PYTHON
}

# Sends the run to a topic, and keeps its summary: sends TOPIC SUMMARY
sends() {
    "$falsetrail" "${story[@]}" -b "$bootstrap" -t "$1" --summary "$2" --force -q 2>"$work/err" && return
    sed 's/^/    | /' "$work/err"
    return 1
}

# A consumer that is a pipeline: it reads a topic, lets every tenth event fall, and writes the others without keys.
pipeline_runs() {
    "$python" "$here/pipeline.py" "$bootstrap" "$1" "$2" 10 >"$work/lost-ids"
}

sends_the_missing_again() {
    "$falsetrail" generate --run "$work/sent.json" --only "$work/lost.ndjson" -b "$bootstrap" -t enriched -q 2>"$work/err" ||
        { sed 's/^/    | /' "$work/err"; return 1; }
}

# A live run, received by a broker that stamps records.
receipt_is_known() {
    "$falsetrail" generate busy-day --live --rate 200/s -n 400 --seed 7 -b "$bootstrap" -t stamped \
        --summary "$work/stamped.json" -q 2>"$work/err" || { sed 's/^/    | /' "$work/err"; return 1; }
    verdict 0 '{ "arrived": 400, "unchanged": 400 }' --run "$work/stamped.json" -t stamped --until-complete \
        --require 'late.p99<30s' &&
        python3 -c 'import json, sys; late = json.load(open(sys.argv[1]))["late"]
sys.exit(not (late["events"] == 400 and 0 <= late["p50"] < 30))' "$work/verdict.json"
}

verification() {
    local lost=$((events / 10)) quiet=(--quiet-for 3s)
    client create "$bootstrap" sent 4
    client create "$bootstrap" enriched 3
    client create "$bootstrap" stamped 2 message.timestamp.type=LogAppendTime
    check "a run is sent, and its summary kept" sends sent "$work/sent.json"
    check "every event is in its topic, with its key" \
        verdict 0 "{ \"arrived\": $events, \"unchanged\": $events, \"keys\": { \"same\": $events, \"other\": 0, \"gone\": 0 } }" \
        --run "$work/sent.json" -t sent "${quiet[@]}" --require order=key --require keys
    check "a consumer with the Python SDK passes them on, but for some" pipeline_runs sent enriched
    check "just these are missing, and keys are" \
        verdict 1 "{ \"missing\": $lost, \"arrived\": $((events - lost)), \"changed\": 0, \"duplicated\": 0,
            \"keys\": { \"same\": 0, \"other\": 0, \"gone\": $((events - lost)) } }" \
        --run "$work/sent.json" -t enriched "${quiet[@]}" --missing "$work/lost.ndjson"
    check "they are listed by their ids" bash -c \
        'cmp <(sort "$1") <(grep -o "\"id\":\"[^\"]*" "$2" | cut -d "\"" -f 4 | sort)' - "$work/lost-ids" "$work/lost.ndjson"
    check "the missing are sent again" sends_the_missing_again
    check "that makes the topic whole" \
        verdict 0 "{ \"arrived\": $events, \"missing\": 0, \"duplicated\": 0 }" --run "$work/sent.json" -t enriched "${quiet[@]}"
    check "the same seed is sent once more" sends sent "$work/second.json"
    check "to the topic that it was sent to it has come, once" \
        verdict 0 "{ \"arrived\": $events, \"records\": $events }" --run "$work/second.json" -t sent "${quiet[@]}"
    check "to the other it was never delivered: records of the first run are none of the second" \
        verdict 1 "{ \"arrived\": 0, \"missing\": $events, \"records\": 0 }" --run "$work/second.json" -t enriched "${quiet[@]}"
    check "brokers that stamp records say how late events were" receipt_is_known
}
