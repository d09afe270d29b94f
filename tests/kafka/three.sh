# Three nodes that copy everything to each other, of which one dies in mid-run,
# and then two: sourced by tests/kafka/run, for `tests/run --all`.
# shellcheck shell=bash

node_pids=()

# Ends all nodes that run.
nodes_stop() {
    local pid
    for pid in "${node_pids[@]}"; do
        [[ -z $pid ]] || kill -KILL "$pid" 2>/dev/null || true
        [[ -z $pid ]] || wait "$pid" 2>/dev/null || true
    done
    node_pids=()
}

# The properties of one node of three: node_properties NODE QUORUM PORT CONTROLLER_PORT
node_properties() {
    cat <<PROPERTIES
process.roles=broker,controller
node.id=$1
controller.quorum.voters=$2
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$3,CONTROLLER://127.0.0.1:$4
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs=$work/node-$1
auto.create.topics.enable=false
default.replication.factor=3
min.insync.replicas=2
offsets.topic.num.partitions=1
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
replica.lag.time.max.ms=5000
PROPERTIES
}

# Starts three nodes; sets `bootstrap`.
nodes_start() {
    local ports node quorum
    read -r -a ports < <(free_ports 6)
    quorum="1@127.0.0.1:${ports[3]},2@127.0.0.1:${ports[4]},3@127.0.0.1:${ports[5]}"
    bootstrap=127.0.0.1:${ports[0]},127.0.0.1:${ports[1]},127.0.0.1:${ports[2]}
    for node in 1 2 3; do
        node_properties "$node" "$quorum" "${ports[node - 1]}" "${ports[node + 2]}" >"$work/node-$node.properties"
        kafka_java kafka.tools.StorageTool format -t AAAAAAAAAAAAAAAAAAAAAA -c "$work/node-$node.properties" \
            >"$work/format.log" 2>&1 || { cat "$work/format.log"; return 1; }
    done
    nodes_launch 1 2 3
}

# Starts these nodes, for the first time or again, and waits until they serve.
nodes_launch() {
    local node waited
    for node in "$@"; do
        java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
            -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
            -Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info \
            -cp "$kafka_jars/*" kafka.Kafka "$work/node-$node.properties" >"$work/node-$node.log" 2>&1 &
        node_pids[node]=$!
    done
    for node in "$@"; do
        for ((waited = 0; waited < 900; waited++)); do
            grep -qs 'Kafka Server started' "$work/node-$node.log" && continue 2
            kill -0 "${node_pids[node]}" 2>/dev/null || break
            sleep 0.1
        done
        echo "node $node did not start:"
        tail -n 30 "$work/node-$node.log"
        return 1
    done
}

nodes_kill() {
    local node
    for node in "$@"; do
        kill -KILL "${node_pids[node]}"
        wait "${node_pids[node]}" 2>/dev/null || true
        node_pids[node]=
    done
}

three_nodes() {
    local to turn rounds=3
    # The other one has done its part, and memory is short.
    broker_stop
    nodes_start
    to=(-b "$bootstrap")
    for ((turn = 1; turn <= rounds; turn++)); do
        begin "one-$turn"
        nodes_kill "$turn"
        check "of three nodes number $turn is killed: nothing lost, nothing twice, in order" ends_as 0 "one-$turn" order
        nodes_launch "$turn"
    done

    begin two-back
    nodes_kill 1 2
    sleep 4
    nodes_launch 1 2
    check "two of three are killed and come back: nothing lost, nothing twice, in order" ends_as 0 two-back order

    begin two-away -X message.timeout.ms=5000
    nodes_kill 2 3
    sleep 8
    nodes_launch 2 3
    check "two of three are away for too long: what may not be there is listed" ends_as 1 two-away
    check "and sent by \`--only\`: the whole run is there" rest_of two-away
    nodes_stop
}
