//! Checks a broker list before librdkafka reads it.
//!
//! librdkafka accepts nearly anything as a list: it ignores items that it cannot parse, or looks for a host with a name
//! like `'localhost`. The result is a failed connection, whose error does not mention the list.

use std::net::Ipv6Addr;

/// The protocols that librdkafka accepts before `://`.
const PROTOCOLS: [&str; 4] = ["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"];

/// Checks a broker list; empty items are ignored, as librdkafka does.
///
/// # Errors
/// Message and help for the first item that is not a broker.
pub(super) fn check(list: &str) -> Result<(), (String, String)> {
    let items = list.split(',').map(str::trim).filter(|item| !item.is_empty());
    for item in items {
        if let Some((why, help)) = wrong(item) {
            // The text after a space may be anything, even a password.
            let shown = item.split_whitespace().next().unwrap_or_default();
            return Err((format!("`{shown}` is not a broker's address: {why}"), help));
        }
    }
    Ok(())
}

fn wrong(item: &str) -> Option<(String, String)> {
    let say = |why: &str, help: String| Some((why.to_owned(), help));
    if item.contains(['\'', '"', '`']) {
        let help = "write the list without quotes: `host:9092,other:9092`";
        return say("it has a quote in it", help.to_owned());
    }
    if item.contains('#') {
        let help = "a comment has a line to itself, which begins with `#`";
        return say("a comment follows it", help.to_owned());
    }
    if item.contains(char::is_whitespace) {
        return say("a blank follows it", "write commas between brokers: `host:9092,other:9092`".to_owned());
    }
    if item.contains(';') {
        return say("it has a `;` in it", "write commas between brokers: `host:9092,other:9092`".to_owned());
    }
    let address = match item.split_once("://") {
        Some((protocol, rest)) if PROTOCOLS.contains(&protocol.to_ascii_lowercase().as_str()) => rest,
        Some((_, rest)) => {
            let plain = rest.split('/').next().unwrap_or_default();
            let with_port = if plain.contains(':') { plain.to_owned() } else { format!("{plain}:9092") };
            return say("brokers are not addressed by URL", format!("write host and port alone: `{with_port}`"));
        }
        None => item,
    };
    let address = address.split('/').next().unwrap_or_default();
    let (host, port) = match address.strip_prefix('[') {
        Some(rest) => {
            let Some((host, port)) = rest.split_once(']').filter(|(host, _)| is_ipv6(host)) else {
                return say("no IPv6 address stands between its brackets", "write `[2001:db8::1]:9092`".to_owned());
            };
            match port.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if port.is_empty() => (host, None),
                None => return say("no port follows its bracket", format!("write `[{host}]:9092`")),
            }
        }
        None if address.matches(':').count() > 1 => {
            return say("an IPv6 address stands in brackets", format!("write `{}`", in_brackets(address)));
        }
        None => match address.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (address, None),
        },
    };
    if host.is_empty() {
        return say("it has no host", "write `host:9092`".to_owned());
    }
    let port = port?;
    let shown = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    match port.parse::<u32>() {
        Ok(1..=65_535) => None,
        Ok(_) => say("a port is a number from 1 to 65,535", format!("write `{shown}:9092`")),
        Err(_) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            say("a port is a number from 1 to 65,535", format!("write `{shown}:9092`"))
        }
        Err(_) => say("no number follows its `:`", format!("write `{shown}:9092`")),
    }
}

/// Whether a text is an IPv6 address, with or without a zone such as `%eth0`.
fn is_ipv6(text: &str) -> bool {
    text.split('%').next().is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
}

/// An IPv6 address in brackets. If the last group of digits is a common port number, it is taken for a port.
fn in_brackets(address: &str) -> String {
    if let Some((host, port)) = address.rsplit_once(':')
        && is_ipv6(host)
        && port.parse::<u16>().is_ok_and(|port| port >= 1_000)
    {
        return format!("[{host}]:{port}");
    }
    if is_ipv6(address) { format!("[{address}]:9092") } else { "[2001:db8::1]:9092".to_owned() }
}
