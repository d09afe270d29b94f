//! Properties from a file, from the environment and from the command line.

use std::fs;
use std::time::Duration;

use falsetrail::machinery::{
    error::Error,
    sink::kafka::{KafkaSettings, KafkaSink, is_secret, read_properties},
};
use tempfile::tempdir;

use super::{TOPIC, cluster};
use crate::command_run::{command, run, with_input};

fn read(text: &str) -> Result<Vec<(String, String)>, String> {
    let variable = |name: &str| match name {
        "USER" => Some("me".to_owned()),
        "PASSWORD" => Some("pa=ss ${USER} #".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    };
    read_properties("client.properties", text, variable).map_err(|error| error.render(false))
}

#[test]
fn files_are_read_as_kcat_reads_them() {
    // What stands in the file, and what it says.
    let cases: [(&str, &[(&str, &str)]); 9] = [
        ("", &[]),
        ("\u{feff}# a comment\r\n\r\n  \t\n  # another\n", &[]),
        ("acks=all\nlinger.ms = 5 \r\n", &[("acks", "all"), ("linger.ms", "5")]),
        ("sasl.password=a=b#c\n", &[("sasl.password", "a=b#c")]),
        ("sasl.mechanism=PLAIN", &[("sasl.mechanisms", "PLAIN")]),
        ("sasl.username=$ConnectionString\n", &[("sasl.username", "$ConnectionString")]),
        ("sasl.password=${PASSWORD}\n", &[("sasl.password", "pa=ss ${USER} #")]),
        ("client.id=a${USER}${EMPTY}b$${USER}$$\n", &[("client.id", "ameb${USER}$$")]),
        ("ssl.key.password=\n", &[("ssl.key.password", "")]),
    ];
    for (text, expected) in cases {
        let expected = expected.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        assert_eq!(read(text), Ok(expected), "{text}");
    }
}

#[test]
fn mistakes_are_shown_without_secrets() {
    let text = "\
sasl.password=hunter2${NOBODY}hunter2
sasl.password hunter2
hunter2
hunter 2 = hunter2
sasl.username=${hun ter2}
ssl.key.password=hunter2${
sasl.jaas.config=x.PlainLoginModule required \\
  username=\"hunter2\" \\
  password=\"hunter2\";
ssl.truststore.location=hunter2.jks
";
    let said = read(text).unwrap_err();
    for expected in [
        "the variable `NOBODY` is not set",
        "client.properties:1:18",
        "sasl.password=***${NOBODY}***",
        "`export NOBODY=…`",
        "this line has no `=`",
        "2 | sasl.password ***",
        "3 | ***",
        "what stands before the `=` is not the name of a property",
        "no name of a variable and a `}` follow this `${`",
        "ssl.key.password=***${",
        "kafka property `sasl.jaas.config` cannot be set here",
        "set `sasl.username` and `sasl.password`",
        "client.properties:10:1",
        "set `ssl.ca.location` to a PEM file",
    ] {
        assert!(said.contains(expected), "no `{expected}` in\n{said}");
    }
    assert!(!said.contains("hunter") && !said.contains("ter2"), "{said}");
    assert_eq!(said.matches("error: ").count(), 8, "{said}");
}

#[test]
fn the_command_line_wins_over_the_file_and_the_file_over_our_defaults() {
    let (cluster, folder) = (cluster(), tempdir().unwrap());
    let servers = cluster.bootstrap_servers();
    let file = |text: &str| fs::write(folder.path().join("client.properties"), text).unwrap();
    let line = |more: &[&str]| {
        let all = ["generate", "create-pool", "--kafka-config", "client.properties", "-t", TOPIC];
        run(folder.path(), all.iter().chain(more))
    };
    file(&format!("bootstrap.servers={servers}\n"));
    let found = line(&[]).fine();
    assert!(found.again().ends_with(" -t audit --kafka-config client.properties"), "{}", found.again());
    // Ours is `acks=all`; what each says shows in what librdkafka makes of it.
    file(&format!("bootstrap.servers={servers}\nacks=0\nenable.idempotence=false\n"));
    assert!(line(&[]).fine().stderr.contains("with `acks=0` brokers acknowledge nothing"));
    assert!(!line(&["-X", "request.required.acks=1"]).fine().stderr.contains("acks=0"));
    // `-b`, and the second name of a property, win, too.
    file("metadata.broker.list=localhost:1\n");
    line(&["-b", &servers]).fine();
    line(&["-X", &format!("bootstrap.servers={servers}")]).fine();
    let found = line(&["--connect-timeout", "100ms"]);
    assert_eq!(found.code, 1);
    assert!(found.stderr.contains("`localhost:1`"), "{}", found.stderr);
    file("# nothing\n");
    let found = line(&[]);
    assert!(found.code == 2 && found.stderr.contains("no kafka broker is named"), "{}", found.stderr);
    file("lingr.ms=5\n");
    let found = line(&["-b", &servers]);
    assert!(found.code == 2 && found.stderr.contains("did you mean `linger.ms`?"), "{}", found.stderr);
}

#[test]
fn the_file_may_be_standard_input_and_secrets_the_environments() {
    let (cluster, folder) = (cluster(), tempdir().unwrap());
    let config = format!("bootstrap.servers={}\nsasl.password=hunter2\n", cluster.bootstrap_servers());
    let line = "generate create-pool -t audit --kafka-config -";
    let found = with_input(folder.path(), line, config.as_bytes()).fine();
    assert!(!found.stderr.contains("hunter2"), "{}", found.stderr);
    let found = with_input(folder.path(), "generate - -t audit --kafka-config -", b"steps: [{ call: create-pool }]");
    assert!(found.code == 2 && found.stderr.contains("cannot be both"), "{}", found.stderr);

    fs::write(folder.path().join("c"), "bootstrap.servers=${FALSETRAIL_TEST_SERVERS}\n").unwrap();
    let arguments = ["generate", "create-pool", "-t", TOPIC, "--kafka-config", "c"];
    let found = command(folder.path())
        .args(arguments)
        .env("FALSETRAIL_TEST_SERVERS", cluster.bootstrap_servers())
        .output()
        .unwrap();
    assert!(found.status.success(), "{found:?}");
    let found = run(folder.path(), arguments);
    assert!(
        found.code == 2 && found.stderr.contains("the variable `FALSETRAIL_TEST_SERVERS` is not set"),
        "{}",
        found.stderr
    );
    let found = run(folder.path(), ["generate", "create-pool", "-t", TOPIC, "--kafka-config", "none"]);
    assert!(found.code == 2 && found.stderr.contains("cannot read `none`: no such file"), "{}", found.stderr);
}

#[test]
fn passwords_on_the_command_line_are_warned_of_and_never_shown() {
    let (cluster, folder) = (cluster(), tempdir().unwrap());
    let line = ["generate", "create-pool", "-b", &cluster.bootstrap_servers(), "-t", TOPIC];
    let found = run(folder.path(), line.iter().chain(&["-X", "sasl.password=hunter2"])).fine();
    assert!(found.stderr.starts_with("warning: others on this machine can read `-X sasl.password=…`"));
    assert!(found.stderr.contains("--kafka-config FILE") && !found.stderr.contains("hunter2"), "{}", found.stderr);
    assert!(found.again().ends_with("-X sasl.password=…"), "{}", found.again());
    let found = run(folder.path(), line.iter().chain(&["-X", "sasl.password hunter2"]));
    assert!(found.stderr.contains("`-X sasl.password` has no `=`"), "{}", found.stderr);
    assert!(!found.stderr.contains("hunter2"), "{}", found.stderr);
}

#[test]
fn what_is_secret() {
    for name in ["sasl.password", "ssl.key.pem", "ssl.key.password", "sasl.oauthbearer.client.secret"] {
        assert!(is_secret(name), "{name}");
    }
    for name in ["sasl.username", "ssl.key.location", "ssl.ca.pem", "acks", "bootstrap.servers"] {
        assert!(!is_secret(name), "{name}");
    }
}

#[test]
fn headers_that_may_be_secret_are_not_repeated() {
    let (cluster, folder) = (cluster(), tempdir().unwrap());
    let line = ["generate", "create-pool", "-b", &cluster.bootstrap_servers(), "-t", TOPIC];
    let headers = ["Authorization=hunter2", "x-api-key=hunter2", "trace=Bearer hunter2", "session_token=hunter2"];
    let headers = headers.iter().flat_map(|header| ["--header", *header]);
    let found = run(folder.path(), line.into_iter().chain(headers).chain(["--header", "origin=synthetic"])).fine();
    assert!(!found.stderr.contains("hunter2"), "{}", found.stderr);
    assert!(found.again().contains("--header x-api-key=… --header trace=…"), "{}", found.again());
    assert!(found.again().ends_with("--header origin=synthetic"), "{}", found.again());
}

/// A list that librdkafka would try to connect to, and what is said instead.
const LISTS: &[(&str, &str, &str)] = &[
    ("'localhost:9092,localhost:9093'", "it has a quote in it", "without quotes"),
    ("\"localhost:9092\"", "it has a quote in it", "without quotes"),
    ("localhost:9092 # the broker", "a comment follows it", "a line to itself"),
    ("localhost:9092 # the broker, and hunter2", "`localhost:9092` is not", "a line to itself"),
    ("localhost:9092 localhost:9093", "a blank follows it", "commas"),
    ("localhost:9092;localhost:9093", "a `;` in it", "commas"),
    ("2001:db8::1:9092", "stands in brackets", "write `[2001:db8::1]:9092`"),
    ("::1", "stands in brackets", "write `[::1]:9092`"),
    ("fe80::1%eth0", "stands in brackets", "write `[fe80::1%eth0]:9092`"),
    ("[::1", "between its brackets", "write `[2001:db8::1]:9092`"),
    ("[::1]9092", "no port follows its bracket", "write `[::1]:9092`"),
    ("ok:9092,localhost:99999", "`localhost:99999` is not a broker's address", "from 1 to 65,535"),
    ("[::1]:70000", "a port is a number from 1 to 65,535", "write `[::1]:9092`"),
    ("localhost:0", "a port is a number from 1 to 65,535", "write `localhost:9092`"),
    ("localhost:", "no number follows its `:`", "write `localhost:9092`"),
    ("localhost:kafka", "no number follows its `:`", "write `localhost:9092`"),
    (":9092", "it has no host", "`host:9092`"),
    ("http://localhost:9092/", "brokers are not addressed by URL", "write host and port alone: `localhost:9092`"),
    ("kafka://localhost", "brokers are not addressed by URL", "`localhost:9092`"),
];

#[test]
fn broker_lists_are_checked_before_anything_connects() {
    let folder = tempdir().unwrap();
    let arguments = ["generate", "create-pool", "-t", TOPIC, "--connect-timeout", "10ms"];
    for (list, why, help) in LISTS {
        let said = read(&format!("# ours\nbootstrap.servers = {list}\n")).unwrap_err();
        assert!(said.contains(why) && said.contains(help), "{list}: {said}");
        assert!(said.contains("client.properties:2:1") && !said.contains("hunter2"), "{list}: {said}");
        let property = format!("bootstrap.servers={list}");
        for option in [["-b", *list], ["-X", property.as_str()]] {
            let more = if option[0] == "-X" { vec!["-b", "localhost:1"] } else { Vec::new() };
            let found = run(folder.path(), arguments.iter().chain(&option).chain(&more));
            assert_eq!(found.code, 2, "{option:?}: {}", found.stderr);
            assert!(found.stderr.contains(why) && found.stderr.contains(help), "{option:?}: {}", found.stderr);
        }
    }
    for list in [
        "localhost:1",
        "localhost",
        "[::1]:1,127.0.0.1:1",
        "SSL://localhost:1",
        " localhost:1 , localhost:2,",
        "a_b-c.d:1",
    ] {
        assert!(read(&format!("bootstrap.servers={list}\n")).is_ok(), "{list}");
        let found = run(folder.path(), arguments.iter().chain(&["-b", list]));
        assert_eq!(found.code, 1, "{list}: {}", found.stderr);
    }
}

#[test]
fn properties_of_a_schema_registry_are_ignored_with_a_warning() {
    let (cluster, folder) = (cluster(), tempdir().unwrap());
    let registry = "schema.registry.url=https://sr.example.com\nbasic.auth.credentials.source=USER_INFO\n\
                    basic.auth.user.info=me:hunter2\nauto.register.schemas=false\n";
    fs::write(folder.path().join("cloud"), format!("bootstrap.servers={}\n{registry}", cluster.bootstrap_servers()))
        .unwrap();
    let line = ["generate", "create-pool", "-t", TOPIC, "--kafka-config", "cloud"];
    let found = run(folder.path(), line).fine();
    assert!(
        found.stderr.starts_with("warning: `schema.registry.url`, `basic.auth.credentials.source`"),
        "{}",
        found.stderr
    );
    assert!(found.stderr.contains("are ignored: no schema registry is asked"), "{}", found.stderr);
    assert!(!found.stderr.contains("hunter2"), "{}", found.stderr);
    // Whoever types it means it.
    let found = run(folder.path(), line.iter().chain(&["-X", "schema.registry.url=https://sr.example.com"]));
    assert!(found.code == 2 && found.stderr.contains("no schema registry is asked"), "{}", found.stderr);
}

#[test]
fn real_audit_topics_are_left_alone() {
    let (cluster, folder) = (cluster(), tempdir().unwrap());
    let topic = "confluent-audit-log-events";
    cluster.create_topic(topic, 1, 1).unwrap();
    let line = ["generate", "create-pool", "-b", &cluster.bootstrap_servers(), "-t", topic];
    let found = run(folder.path(), line);
    assert!(found.code == 2 && found.stderr.contains("`--allow-audit-topic`"), "{}", found.stderr);
    run(folder.path(), line.iter().chain(&["--allow-audit-topic"])).fine();
}

/// What is said of a login by tokens, of a producer that connects nowhere.
fn tokens(more: &[(&str, &str)]) -> Result<(), Error> {
    let mut settings = KafkaSettings::new("localhost:1", TOPIC);
    let login = [("security.protocol", "sasl_plaintext"), ("sasl.mechanisms", "OAUTHBEARER")];
    let properties = login.iter().chain(more).map(|&(name, value)| (name.to_owned(), value.to_owned()));
    settings.properties = properties.collect();
    settings.connect_timeout = Duration::from_millis(10);
    KafkaSink::connect(settings).map(|_| ())
}

#[test]
fn tokens_need_a_source_and_a_build_that_has_it() {
    let said = tokens(&[]).unwrap_err().render(false);
    assert!(said.contains("needs a source of tokens") && said.contains("the feature `oidc`"), "{said}");
    let oidc = [
        ("sasl.oauthbearer.method", "oidc"),
        ("sasl.oauthbearer.client.id", "me"),
        ("sasl.oauthbearer.client.secret", "hunter2"),
        ("sasl.oauthbearer.token.endpoint.url", "http://localhost:1/token"),
    ];
    let said = tokens(&oidc).unwrap_err().render(false);
    assert_eq!(said.contains("`cargo install --path . --features oidc`"), !cfg!(feature = "oidc"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

/// A client file is data: nothing in it is executed, whichever way it comes.
#[test]
fn what_would_be_executed_is_refused_in_a_file_and_as_an_option() {
    let folder = tempdir().unwrap();
    let properties = [
        ("plugin.library.paths", "./plugin.so"),
        ("ssl.engine.location", "./engine.so"),
        ("ssl.providers", "./provider"),
        ("sasl.kerberos.kinit.cmd", "touch executed"),
        ("sasl.kerberos.keytab", "$(touch executed)"),
    ];
    for (name, value) in properties {
        fs::write(folder.path().join("client.properties"), format!("acks=all\n{name} = {value}\n")).unwrap();
        let topic = ["generate", "every-method", "-b", "127.0.0.1:1", "-t", TOPIC];
        let option = format!("{name}={value}");
        for (words, place) in
            [(["-X", &option], ""), (["--kafka-config", "client.properties"], "client.properties:2:1")]
        {
            let refused = run(folder.path(), topic.iter().copied().chain(words));
            assert_eq!((refused.code, refused.text()), (2, ""), "{}", refused.stderr);
            let said = format!("kafka property `{name}` cannot be set here");
            assert!(refused.stderr.contains(&said) && refused.stderr.contains(place), "{}", refused.stderr);
            assert!(refused.stderr.contains("help: leave it out: "), "{}", refused.stderr);
        }
    }
    assert!(!folder.path().join("executed").exists());
}
