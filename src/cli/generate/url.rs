//! Detects a URL where a file is expected, and suggests a program that sends events there.

use super::Generate;
use crate::error::Error;
use std::path::Path;

impl Generate {
    /// Rejects URLs as names of output files, before anything is done.
    pub(super) fn refuse_urls(&self) -> Result<(), Error> {
        let others = [
            ("--truth", &self.truth),
            ("--write-run", &self.file.write_run),
            ("--summary", &self.watch.summary),
            ("--undelivered", &self.kafka.undelivered),
        ];
        if let Some((scheme, rest)) = self.output.as_deref().and_then(url) {
            let error = Error::usage(format!("`--output` takes a file or a folder, and `{scheme}://…` is a URL"));
            return Err(ways(scheme, rest).into_iter().fold(error, Error::help));
        }
        for (option, path) in others {
            if let Some((scheme, _)) = path.as_deref().and_then(url) {
                let error = Error::usage(format!("`{option}` takes a file, and `{scheme}://…` is a URL"));
                return Err(error.help("name a file, and send it when the run is over"));
            }
        }
        Ok(())
    }
}

/// The scheme of a URL, and the rest.
fn url(path: &Path) -> Option<(&str, &str)> {
    let (scheme, rest) = path.to_str()?.split_once(":/")?;
    let is_scheme = scheme.len() > 1
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    // A folder may have such a name.
    (is_scheme && !Path::new(&format!("{scheme}:")).exists()).then_some((scheme, rest.trim_start_matches('/')))
}

/// How to send events to a URL. Messages repeat only its host and port, because a password may precede them and a token
/// may follow.
fn ways(scheme: &str, rest: &str) -> Vec<String> {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let pipe = |command: &str| format!("pipe them into a program that does: `falsetrail generate … | {command}`");
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => vec![
            pipe(&format!(
                "curl -T - -H 'Content-Type: application/x-ndjson' {scheme}://{host}/…`, or one request for each event: \
                 `… | while read -r event; do curl -d \"$event\" …; done"
            )),
            "collectors such as Vector, Fluent Bit or Logstash read standard input or a file, and send by HTTP"
                .to_owned(),
        ],
        "kafka" | "kafkas" => vec![format!("events go into a topic by `-b {} -t TOPIC`", with_port(host, "9092"))],
        "tcp" | "udp" | "tls" | "ssl" | "syslog" => {
            let (name, port) = host.rsplit_once(':').unwrap_or((host, "PORT"));
            let option = if scheme.eq_ignore_ascii_case("udp") { "-u " } else { "" };
            vec![pipe(&format!("nc {option}{name} {port}"))]
        }
        "unix" => vec![pipe("nc -U /PATH/OF/SOCKET")],
        "s3" => vec![pipe(&format!("aws s3 cp - s3://{host}/…"))],
        "gs" | "gcs" => vec![pipe(&format!("gcloud storage cp - gs://{host}/…"))],
        "az" | "abfs" | "abfss" | "wasb" | "wasbs" => {
            vec!["write a file, and upload it: `az storage blob upload --file FILE …`".to_owned()]
        }
        "file" => vec![format!("name the file itself: `-o /{}`", rest.trim_start_matches('/'))],
        _ => vec!["write to standard output, and pipe it into a program that takes events there".to_owned()],
    }
}

fn with_port(host: &str, usual: &str) -> String {
    match host {
        "" => format!("HOST:{usual}"),
        host if host.contains(':') => host.to_owned(),
        host => format!("{host}:{usual}"),
    }
}
