# What happens to a broker in the middle of a run, and that every event is
# accounted for all the same: sourced by tests/kafka/run.
# shellcheck shell=bash

# A run that takes some seconds, because few events at a time may wait.
long=(generate busy-day -n 60k --seed 7 --from 2026-01-05T08:00:00Z)
slow=(-X queue.buffering.max.messages=100 -X linger.ms=5)
# How the brokers are found.
to=()

# Starts the long run into a new topic, and returns when some of it has
# arrived; sets `run_pid`. begin TOPIC ARGUMENT...
begin() {
    local topic=$1
    shift
    client create "$bootstrap" "$topic" 3
    rm -f "$work/list"
    "$falsetrail" "${long[@]}" "${to[@]}" -t "$topic" "${slow[@]}" --undelivered "$work/list" "$@" \
        2>"$work/err" &
    run_pid=$!
    sleep "0.$((RANDOM % 6 + 4))"
}

# The run ends with this status, and its summary is true.
#   ends_as STATUS TOPIC [order] [part]
ends_as() {
    local wanted=$1 topic=$2 status=0 list=()
    shift 2
    wait "$run_pid" || status=$?
    [[ ! -e $work/list ]] || list=("lists=$work/list")
    if [[ $status == "$wanted" ]] &&
        "$python" "$here/account.py" "$bootstrap" "$topic" "$work/long.ndjson" "$work/err" "$@" "${list[@]}"; then
        return 0
    fi
    echo "    exit status $status, wanted $wanted"
    sed 's/^/    | /' "$work/err"
    return 1
}

# What the summary says for the rest, done: the whole run is there.
#   rest_of TOPIC [skip]
rest_of() {
    local topic=$1 generated old=()
    generated=$(sed -n 's/^\([0-9,]*\) events of .*/\1/p' "$work/err" | tr -d ,)
    if [[ -e $work/list ]]; then
        "$falsetrail" "${long[@]}" -b "$bootstrap" -t "$topic" --only "$work/list" 2>"$work/rest" || return 1
        mv "$work/list" "$work/old-list"
        old=("twice=$work/old-list")
    fi
    if [[ ${2:-} == skip ]]; then
        "$falsetrail" "${long[@]}" -b "$bootstrap" -t "$topic" --skip "$generated" 2>"$work/rest" || return 1
    fi
    printf '60,000 events of it\ntopic %s: 60,000 acknowledged, 0 failed, 0 unknown\n' "$topic" >"$work/err"
    "$python" "$here/account.py" "$bootstrap" "$topic" "$work/long.ndjson" "$work/err" "${old[@]}"
}

broker_kill() {
    kill -KILL "$broker_pid"
    wait "$broker_pid" 2>/dev/null || true
}

faults() {
    to=(-b "$bootstrap")
    "$falsetrail" "${long[@]}" -q -o "$work/long.ndjson"
    begin killed
    broker_kill
    broker_launch
    check "a broker that is killed and comes back: nothing lost, nothing twice, in order" ends_as 0 killed order

    begin hanging -X request.timeout.ms=2000 -X socket.timeout.ms=2000
    kill -STOP "$broker_pid"
    sleep 6
    kill -CONT "$broker_pid"
    check "a broker that hangs for 6 s: nothing lost, nothing twice, in order" ends_as 0 hanging order

    begin away -X message.timeout.ms=2000
    broker_kill
    sleep 4
    broker_launch
    check "a broker that is away for too long: what is not there is listed" ends_as 1 away
    check "and sent by \`--only\`: the whole run is there" rest_of away

    begin deleted -X topic.metadata.propagation.max.ms=1000
    client delete "$bootstrap" deleted
    check "a topic that is deleted: the run fails and says why" deleted_is_said

    forbidden
    check "a broker that takes nothing: memory stays within the queue and 64 MiB" memory_is_bounded 64
    check "so it does with the queue of a live run" memory_is_bounded 256 -X queue.buffering.max.kbytes=262144

    local turn rounds=2
    [[ -z ${FALSETRAIL_TEST_ALL:-} ]] || rounds=20
    for ((turn = 1; turn <= rounds; turn++)); do
        begin "stopped-$turn"
        kill -INT "$run_pid"
        check "a run that is interrupted: what is not there is listed" ends_as 130 "stopped-$turn" order part
        check "and goes on by \`--skip\` and \`--only\`: the whole run is there" rest_of "stopped-$turn" skip
    done
}

# A user who may write no more, in mid-run.
forbidden() {
    client allow "$bootstrap" reader forbidden DESCRIBE WRITE
    to=(--kafka-config "$work/sasl" -X sasl.username=reader)
    begin forbidden
    client forbid "$bootstrap" reader forbidden WRITE
    check "a user who may not write any more: what is not there is listed" ends_as 1 forbidden
    to=(-b "$bootstrap")
    check "and sent by one who may: the whole run is there" rest_of forbidden
}

# A broker hangs, and nothing but the full queue holds the run back.
#   memory_is_bounded MIB ARGUMENT...
memory_is_bounded() {
    local queue=$(($1 * 1024)) peak=0 before=-1 pid
    shift
    client create "$bootstrap" "stalled-$queue" 3
    "$falsetrail" generate busy-day -n 10M --seed 7 --from 2026-01-05T08:00:00Z -b "$bootstrap" -t "stalled-$queue" \
        --flush-timeout 1s --undelivered "$work/stalled-$queue" "$@" 2>"$work/err" &
    pid=$!
    # Connected, and sending.
    while (($(peak_of "$pid") < 60000)); do sleep 0.1; done
    kill -STOP "$broker_pid"
    # Until it grows no more, which a slow machine takes a while for.
    for _ in {1..40}; do
        ((peak > before || peak < queue * 3 / 4)) || break
        before=$peak
        sleep 3
        peak=$(peak_of "$pid")
    done
    kill -INT "$pid"
    wait "$pid" || true
    kill -CONT "$broker_pid"
    echo "    at most $((peak / 1024)) MiB of memory"
    ((peak >= queue * 3 / 4 && peak <= queue + 64 * 1024)) && grep -q 'acknowledged, .* failed, .* unknown$' "$work/err"
}

# The most memory that a process has had, in KiB.
peak_of() {
    sed -n 's/^VmHWM:\s*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}

deleted_is_said() {
    local status=0
    wait "$run_pid" || status=$?
    [[ $status == 1 ]] && grep -q 'failed: the topic is not there any more' "$work/err" && return
    echo "    exit status $status"
    sed 's/^/    | /' "$work/err"
    return 1
}
