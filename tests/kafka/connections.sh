# TLS, logins, permissions, and what is said when they are wrong: sourced by
# tests/kafka/run.
# shellcheck shell=bash

# Writes a file of properties: properties FILE NAME=VALUE...
properties() {
    local file=$1
    shift
    printf '%s\n' "$@" >"$file"
}

# Each way to be let in delivers.
let_in() {
    local mechanism
    for mechanism in PLAIN SCRAM-SHA-256 SCRAM-SHA-512; do
        check "a user is let in by $mechanism" ends_with 0 ": 24 acknowledged" \
            "${short[@]}" --kafka-config "$work/sasl" -t secure --create-topic 1 -X "sasl.mechanism=$mechanism"
    done
    properties "$work/mutual" "bootstrap.servers=$bootstrap_tls" security.protocol=ssl \
        "ssl.ca.location=$work/ca.pem" "ssl.certificate.location=$work/client.pem" "ssl.key.location=$work/client.key"
    check "a client is let in by its certificate" ends_with 0 ": 24 acknowledged" \
        "${short[@]}" --kafka-config "$work/mutual" -t secure
    check "OpenSSL's variables name whom to trust" trusts_environment
    check "if nothing does, it is whom the machine trusts" \
        ends_with 1 "is signed by a CA that is not trusted" "${short[@]}" --kafka-config "$work/no-ca" -t secure
    check "whose list is looked for where systems have it" looks_for_authorities
    # kcat takes the same file, but no variables.
    # Debian's kcat 1.7.1 hangs in SCRAM-SHA-512.
    sed "s/\${BROKER_PASSWORD}/$broker_password/; s/SCRAM-SHA-512/PLAIN/" "$work/sasl" >"$work/kcat"
    check "kcat reads the same events, with the same file of properties" kcat_reads
}

trusts_environment() {
    grep -v '^ssl.ca' "$work/sasl" >"$work/no-ca"
    SSL_CERT_FILE=$work/ca.pem ends_with 0 ": 24 acknowledged" "${short[@]}" --kafka-config "$work/no-ca" -t secure
}

looks_for_authorities() (
    unset SSL_CERT_FILE SSL_CERT_DIR
    ends_with 1 'Setting default CA certificate location for kafka to "/' \
        "${short[@]}" --kafka-config "$work/no-ca" -t secure -X debug=security
)

kcat_reads() {
    write_topic --kafka-config "$work/kcat" -t for-kcat --create-topic 2 --mode bare &&
        kcat -F "$work/kcat" -C -q -e -o beginning -t for-kcat 2>"$work/err" | sort >"$work/read" &&
        sort "$work/file.ndjson" | cmp - "$work/read"
}

# Each way not to be let in has its sentence, in time.
shut_out() {
    local line=("${short[@]}" --kafka-config "$work/sasl" -t secure)
    BROKER_PASSWORD=wrong check "a wrong password is named" \
        ends_with 1 "refused the user name or the password (SCRAM-SHA-512)" "${line[@]}"
    check "so is a user that nobody knows" \
        ends_with 1 "refused the user name or the password (PLAIN)" \
        "${line[@]}" -X sasl.username=nobody -X sasl.mechanism=PLAIN
    check "a CA that is not trusted is named" \
        ends_with 1 "is signed by a CA that is not trusted" "${line[@]}" -X "ssl.ca.location=$work/other-ca.pem"
    check "a certificate for another host name is named" \
        ends_with 1 "is for another host name" "${line[@]}" -b "127.0.0.1:${bootstrap_sasl#*:}"
    check "a missing CA file is named" \
        ends_with 2 "is a readable PEM file" "${line[@]}" -X "ssl.ca.location=$work/none.pem"
    check "plaintext against TLS is explained" \
        ends_with 1 "if it expects TLS: \`-X security.protocol=ssl\`" "${line[@]}" -X security.protocol=plaintext
    check "a login without TLS against TLS is explained" \
        ends_with 1 "if it expects TLS: \`-X security.protocol=sasl_ssl\`" \
        "${line[@]}" -X security.protocol=sasl_plaintext
    check "TLS against plaintext is explained" \
        ends_with 1 "does not speak TLS" "${line[@]}" -b "$bootstrap"
    check "TLS without a login is explained" \
        ends_with 1 "if it expects a user and a password" "${line[@]}" -X security.protocol=ssl
    check "a login where none is asked for is explained" \
        ends_with 1 "asks for no user and password" "${line[@]}" -b "$bootstrap" -X security.protocol=sasl_plaintext
    check "a missing client certificate is explained" \
        ends_with 1 "it wants another client certificate" "${short[@]}" --kafka-config "$work/mutual" -t secure \
        -X ssl.certificate.location= -X ssl.key.location=
    check "a port where nobody listens is named" \
        ends_with 1 "nothing listens at \`127.0.0.1:1\`" "${line[@]}" -b 127.0.0.1:1
    check "a name that nobody knows is named" \
        ends_with 1 "host name in \`broker.invalid:9092\` is not known" "${line[@]}" -b broker.invalid:9092
    check "a mistyped property is corrected" \
        ends_with 2 "did you mean \`linger.ms\`?" "${line[@]}" -X lingr.ms=5
}

# What a user may do decides what is said.
permissions() {
    local line=("${short[@]}" --kafka-config "$work/sasl" -t secure -X sasl.username=reader)
    check "a topic that a user may not see is named" \
        ends_with 1 "the user \`reader\` needs the ACL WRITE on topic \`secure\`" "${line[@]}"
    check "so is one that it may not create" \
        ends_with 1 "the user \`reader\` needs the ACL CREATE" "${short[@]}" --kafka-config "$work/sasl" -X sasl.username=reader -t theirs --create-topic 1
    client allow "$bootstrap" reader secure DESCRIBE
    check "a user that may not write loses nothing silently" \
        ends_with 1 "needs the ACL WRITE on topic \`secure\`" "${line[@]}" --undelivered "$work/list" --force
    check "nor without idempotence" \
        ends_with 1 "topic secure: 0 acknowledged, 24 failed, 0 unknown" \
        "${line[@]}" --undelivered "$work/list" --force -X enable.idempotence=false
    client allow "$bootstrap" reader secure WRITE
    check "what it could not write is sent when it may" \
        ends_with 0 ": 24 acknowledged" "${line[@]}" --only "$work/list"
}

# No password was ever shown.
connections() {
    export BROKER_PASSWORD=$broker_password
    # shellcheck disable=SC2016  # variables of the file, not of the shell
    properties "$work/sasl" "bootstrap.servers=$bootstrap_sasl" security.protocol=sasl_ssl sasl.mechanisms=SCRAM-SHA-512 \
        sasl.username=writer 'sasl.password=${BROKER_PASSWORD}' "ssl.ca.location=$work/ca.pem"
    let_in
    shut_out
    permissions
    check "the password stands in nothing that was said" no_secrets
}

no_secrets() {
    [[ -s $work/said ]] && ! grep -F -e hunter2 -e ecret "$work/said"
}
