# A real Kafka broker for tests: sourced by tests/kafka/run.
#
# The caller sets `cache` (a folder that outlives the run) and `work` (one that
# does not), and calls `broker_stop` on exit.
# shellcheck shell=bash

kafka_version=4.1.2
kafka_pom=$(dirname "${BASH_SOURCE[0]}")/pom.xml
broker_pid=
bootstrap=
# The same broker for users with a password (TLS), and for clients with a
# certificate. `writer` may do everything, `reader` what it is allowed.
bootstrap_sasl=
bootstrap_tls=
# What a user's password must never be found in.
broker_password='hunter2 $ecret'
# Further properties of the broker, one a line.
broker_more=

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

# Makes a CA, a certificate of the broker for `localhost`, one of a client, and
# a second CA that signed nothing.
broker_certificates() {
    local name
    (
        cd "$work"
        for name in ca other-ca; do
            openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$name" \
                -keyout "$name.key" -out "$name.pem"
        done
        for name in broker client; do
            openssl req -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout "$name.key" -out "$name.csr"
            openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
                -extfile <(echo 'subjectAltName=DNS:localhost') -out "$name.pem"
        done
        cat broker.key broker.pem >broker-store.pem
    ) >"$work/openssl.log" 2>&1 || { cat "$work/openssl.log"; return 1; }
}

# Writes the properties of one node that is broker and controller; further
# lines may be appended by the caller of broker_start.
broker_properties() {
    local port=$1 controller=$2 sasl=$3 tls=$4
    local login=org.apache.kafka.common.security
    cat <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller,SASL_SSL://127.0.0.1:$sasl,SSL://127.0.0.1:$tls
advertised.listeners=PLAINTEXT://127.0.0.1:$port,SASL_SSL://localhost:$sasl,SSL://localhost:$tls
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL
ssl.keystore.type=PEM
ssl.keystore.location=$work/broker-store.pem
ssl.truststore.type=PEM
ssl.truststore.location=$work/ca.pem
listener.name.ssl.ssl.client.auth=required
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config=$login.plain.PlainLoginModule required user_writer="$broker_password";
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=$login.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=$login.scram.ScramLoginModule required;
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:writer;User:CN=client
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
$broker_more
PROPERTIES
}

# Starts a broker and waits until it serves; sets `bootstrap`.
broker_start() {
    local port controller sasl tls user mechanism users=()
    broker_certificates
    read -r port controller sasl tls < <(free_ports 4)
    broker_properties "$port" "$controller" "$sasl" "$tls" >"$work/server.properties"
    for user in writer reader; do
        for mechanism in SCRAM-SHA-256 SCRAM-SHA-512; do
            users+=(--add-scram "$mechanism=[name=$user,password=$broker_password]")
        done
    done
    kafka_java kafka.tools.StorageTool format -t AAAAAAAAAAAAAAAAAAAAAA \
        -c "$work/server.properties" "${users[@]}" >"$work/format.log" 2>&1 ||
        { cat "$work/format.log"; return 1; }
    bootstrap=127.0.0.1:$port
    bootstrap_sasl=localhost:$sasl
    bootstrap_tls=localhost:$tls
    broker_launch
}

# Starts the broker, for the first time or again, and waits until it serves.
broker_launch() {
    # Not through the function: its process would be a shell, not the broker.
    java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
        -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
        -Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info \
        -cp "$kafka_jars/*" kafka.Kafka "$work/server.properties" \
        >"$work/broker.log" 2>&1 &
    broker_pid=$!
    local waited
    for ((waited = 0; waited < 600; waited++)); do
        if grep -qs 'Kafka Server started' "$work/broker.log"; then
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
