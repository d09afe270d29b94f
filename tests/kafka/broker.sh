# A real Kafka broker for tests: sourced by tests/kafka/run.
#
# The caller sets `cache` (a folder that outlives the run) and `work` (one that
# does not), and calls `broker_stop` on exit.
# shellcheck shell=bash

kafka_version=4.1.2
kafka_pom=$(dirname "${BASH_SOURCE[0]}")/pom.xml
broker_pid=
bootstrap=

# Brings the broker's jars into the cache, once.
broker_fetch() {
    kafka_jars=$cache/kafka-$kafka_version
    [[ -f $kafka_jars/.complete ]] && return
    echo "fetching Kafka $kafka_version by Maven"
    rm -rf "$kafka_jars"
    mvn -q -B -Dstyle.color=never -f "$kafka_pom" dependency:copy-dependencies \
        "-DoutputDirectory=$kafka_jars" -Dmdep.includeScope=runtime
    touch "$kafka_jars/.complete"
}

# Runs a Java program with Kafka's jars.
kafka_java() {
    java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
        -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
        -Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info \
        -cp "$kafka_jars/*" "$@"
}

# Ports that nobody uses at this moment.
free_ports() {
    python3 - "$1" <<'PYTHON'
import socket, sys
sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in sockets:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))
PYTHON
}

# Writes the properties of one node that is broker and controller; further
# lines may be appended by the caller of broker_start.
broker_properties() {
    local port=$1 controller=$2
    cat <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs=$work/log
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
PROPERTIES
}

# Starts a broker and waits until it serves; sets `bootstrap`.
broker_start() {
    local port controller
    read -r port controller < <(free_ports 2)
    broker_properties "$port" "$controller" >"$work/server.properties"
    kafka_java kafka.tools.StorageTool format -t AAAAAAAAAAAAAAAAAAAAAA \
        -c "$work/server.properties" >"$work/format.log" 2>&1 ||
        { cat "$work/format.log"; return 1; }
    # Not through the function: its process would be a shell, not the broker.
    java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
        -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
        -Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info \
        -cp "$kafka_jars/*" kafka.Kafka "$work/server.properties" \
        >"$work/broker.log" 2>&1 &
    broker_pid=$!
    local waited
    for ((waited = 0; waited < 600; waited++)); do
        if grep -q 'Kafka Server started' "$work/broker.log"; then
            bootstrap=127.0.0.1:$port
            return
        fi
        kill -0 "$broker_pid" 2>/dev/null || break
        sleep 0.1
    done
    echo "the broker did not start:"
    tail -n 30 "$work/broker.log"
    return 1
}

# Ends the broker, and does not leave before it is gone.
broker_stop() {
    [[ -n $broker_pid ]] || return 0
    kill -CONT "$broker_pid" 2>/dev/null || true
    kill "$broker_pid" 2>/dev/null || true
    local waited
    for ((waited = 0; waited < 50; waited++)); do
        kill -0 "$broker_pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$broker_pid" 2>/dev/null || true
    wait "$broker_pid" 2>/dev/null || true
    broker_pid=
}
