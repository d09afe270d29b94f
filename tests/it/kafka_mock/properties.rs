//! Properties from a file, from the environment and from the command line.

use std::fs;
use std::time::Duration;

use falsetrail::error::Error;
use falsetrail::sink::kafka::{KafkaSettings, KafkaSink, is_secret, read_properties};
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
