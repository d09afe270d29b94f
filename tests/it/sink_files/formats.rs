//! Formats and compression: every output parses, and no chunk size shows.

use std::{
    fs::{self, File},
    io::Read,
    path::Path,
    process::Command,
};

use falsetrail::machinery::sink::{Compression, FRAME_EVENTS, Format, Output, Overwrite};
use flate2::read::MultiGzDecoder;
use proptest::prelude::*;
use serde_json::Value;
use tempfile::tempdir;

use super::{body, chunks, lines, to, write};

#[test]
fn json_is_indented_and_batch_is_one_array() {
    let directory = tempdir().unwrap();
    for count in [0, 1, 25] {
        let parsed: Vec<Value> = (0..count).map(|number| serde_json::from_str(&body(number)).unwrap()).collect();
        for size in [1, 4, 100] {
            let path = directory.path().join("out");
            let output = Output { format: Format::Json, overwrite: Overwrite::Replace, ..to(&path) };
            let delivered = write(&output, &chunks(0, count, size));
            let found = fs::read_to_string(&path).unwrap();
            let values = serde_json::Deserializer::from_str(&found).into_iter();
            assert_eq!(values.collect::<Result<Vec<Value>, _>>().unwrap(), parsed);
            assert_eq!(delivered.bytes, found.len() as u64);
            assert!(count == 0 || found.starts_with("{\n  \"id\": \"0\",\n  \"a\": [],\n"));

            write(&Output { format: Format::Batch, ..output }, &chunks(0, count, size));
            let found = fs::read_to_string(&path).unwrap();
            assert_eq!(serde_json::from_str::<Vec<Value>>(&found).unwrap(), parsed);
            assert_eq!(found.lines().count() as u64, count.max(1));
            assert!(found.ends_with("]\n"));
        }
    }
}

fn decode(path: &Path) -> String {
    let mut found = String::new();
    let file = File::open(path).unwrap();
    match Compression::wanted(path).unwrap() {
        Some(Compression::Gzip) => MultiGzDecoder::new(file).read_to_string(&mut found),
        #[cfg(feature = "zstd")]
        Some(Compression::Zstd) => zstd::Decoder::new(file).unwrap().read_to_string(&mut found),
        #[cfg(not(feature = "zstd"))]
        Some(Compression::Zstd) => panic!("this build writes no zstd"),
        None => panic!("not compressed"),
    }
    .unwrap();
    found
}

#[test]
fn compressed_files_are_frames_that_chunks_do_not_change() {
    let directory = tempdir().unwrap();
    let frame = FRAME_EVENTS as u64;
    for name in ["a.ndjson.gz", "a.ndjson.ZST"] {
        let path = directory.path().join(name);
        let output = Output { overwrite: Overwrite::Replace, ..to(&path) };
        let compression = Compression::wanted(&path).unwrap().unwrap();
        for count in [0, 1, frame - 1, frame, frame + 1, 2 * frame + 500] {
            let expected: Vec<u8> = (0..count.max(1))
                .step_by(FRAME_EVENTS)
                .flat_map(|start| {
                    let text = lines(start, count.min(start + frame));
                    compression.encode(text.as_bytes()).unwrap()
                })
                .collect();
            for size in [100, 512, 5000] {
                let delivered = write(&output, &chunks(0, count, size));
                assert_eq!(decode(&path), lines(0, count));
                assert_eq!(fs::read(&path).unwrap(), expected);
                assert_eq!(delivered.events, count);
                assert_eq!(delivered.bytes, lines(0, count).len() as u64);
                assert_eq!(delivered.written, expected.len() as u64);
            }
        }
    }
}

#[test]
fn compressed_files_can_be_appended_to_and_hold_any_format() {
    let directory = tempdir().unwrap();
    for ending in ["gz", "zst"] {
        let paths = ["a", "b", "c"].map(|name| directory.path().join(format!("{name}.{ending}")));
        write(&to(&paths[0]), &chunks(0, 1500, 64));
        write(&to(&paths[1]), &chunks(1500, 1700, 64));
        let both = [fs::read(&paths[0]).unwrap(), fs::read(&paths[1]).unwrap()].concat();
        fs::write(&paths[2], both).unwrap();
        assert_eq!(decode(&paths[2]), lines(0, 1700));

        let batch = Output { format: Format::Batch, overwrite: Overwrite::Replace, ..to(&paths[0]) };
        for count in [0, 1500, 2048] {
            write(&batch, &chunks(0, count, 64));
            let parsed: Vec<Value> = serde_json::from_str(&decode(&paths[0])).unwrap();
            assert_eq!(parsed.len() as u64, count);
        }
    }
}

#[test]
fn other_decoders_read_compressed_files() {
    let directory = tempdir().unwrap();
    let python = "import gzip,sys;sys.stdout.buffer.write(gzip.open(sys.argv[1]).read())";
    for (name, command) in
        [("a.gz", vec!["gzip", "-dc"]), ("b.zst", vec!["zstd", "-dcq"]), ("c.gz", vec!["python3", "-c", python])]
    {
        let path = directory.path().join(name);
        for count in [0, 2500] {
            write(&Output { overwrite: Overwrite::Replace, ..to(&path) }, &chunks(0, count, 100));
            let run = Command::new(command[0]).args(&command[1..]).arg(&path).output();
            let Ok(run) = run else {
                continue; // Not installed.
            };
            assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
            assert_eq!(run.stdout, lines(0, count).as_bytes());
        }
    }
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[\\\\\"{}\\[\\],: \n]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn indentation_is_that_of_serde_json(value in json()) {
        let expected = serde_json::to_string_pretty(&value).unwrap() + "\n";
        // Space that is already there makes no difference.
        for compact in [value.to_string(), expected.clone()] {
            let mut found = Vec::new();
            Format::Json.append_one(compact.as_bytes(), true, &mut found);
            prop_assert_eq!(String::from_utf8(found).unwrap(), expected.clone());
        }
    }

    #[test]
    fn broken_json_is_indented_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let mut found = Vec::new();
        found.extend_from_slice(b"kept");
        Format::Json.append_one(&bytes, false, &mut found);
        prop_assert!(found.starts_with(b"kept"));
    }
}
