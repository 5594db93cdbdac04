//! `millrace dump` of files that are sound, reserved, cut and damaged.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's helpers fail as tests do")]

mod harness;

use std::path::{Path, PathBuf};

use harness::{Done, run};
use millrace_record::builder::BatchBuilder;
use millrace_record::compression::Codec;
use serde_json::{Value, json};

/// A batch for each codec, three records each.
fn segment() -> Vec<Vec<u8>> {
    let build = |(index, codec): (i64, Codec)| {
        let mut builder = BatchBuilder::new(codec).producer(9, 2, index as i32 * 3).stamped(index * 3, 4);
        builder.push(1_000, Some(b"key"), Some("caf\u{e9}".as_bytes()), &[(b"name", Some(b"value"))]).unwrap();
        builder.push(1_001, None, None, &[(b"name", None)]).unwrap();
        builder.push(1_002, Some(b""), Some(b"\xff\x00"), &[]).unwrap();
        builder.build().unwrap()
    };
    (0..).zip(Codec::ALL).map(build).collect()
}

fn write(directory: &Path, bytes: &[u8]) -> PathBuf {
    let path = directory.join("00000000000000000000.log");
    std::fs::write(&path, bytes).unwrap();
    path
}

fn dump(path: &Path, arguments: &[&str]) -> Done {
    run(["dump".as_ref(), path.as_os_str()].into_iter().chain(arguments.iter().map(|argument| argument.as_ref())))
}

fn lines(done: &Done) -> Vec<Value> {
    done.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn batches_and_records_are_shown_without_loss() {
    let directory = tempfile::tempdir().unwrap();
    let batches = segment();
    let path = write(directory.path(), &batches.concat());
    let lines = dump(&path, &["--json", "--records"]).json();
    let mut position = 0;
    for (index, (batch, codec)) in batches.iter().zip(["none", "gzip", "snappy", "lz4", "zstd"]).enumerate() {
        let base = index * 3;
        let shown = &lines[index];
        let expected = json!({
            "type": "batch", "position": position, "bytes": batch.len(), "base_offset": base, "last_offset": base + 2,
            "records": 3, "leader_epoch": 4, "codec": codec, "producer_id": 9, "producer_epoch": 2,
            "base_sequence": base,
            "max_timestamp": 1_002, "log_append_time": false, "transactional": false, "control": false,
            "columns": false,
            "crc": shown["crc"], "problems": [], "contents": [
                {"offset": base, "timestamp": 1_000, "key": "key", "value": "caf\u{e9}",
                 "headers": [{"name": "name", "value": "value"}]},
                {"offset": base + 1, "timestamp": 1_001, "key": null, "value": null,
                 "headers": [{"name": "name", "value": null}]},
                {"offset": base + 2, "timestamp": 1_002, "key": "", "value": {"base64": "/wA="}, "headers": []},
            ],
        });
        assert_eq!(*shown, expected);
        position += batch.len();
    }
    let summary = json!({
        "type": "segment", "path": path, "batches": 5, "records": 15, "bytes": position, "reserved_bytes": 0,
        "unreadable_bytes": 0, "problem_count": 0, "problems": [],
    });
    assert_eq!(lines[5..], [summary]);
}

#[test]
fn a_dump_for_people_says_that_all_is_well() {
    let directory = tempfile::tempdir().unwrap();
    let batches = segment().concat();
    let path = write(directory.path(), &batches);
    let text = dump(&path, &["--records"]).ok();
    assert!(
        text.contains(r#"offset 0 at 1970-01-01T00:00:01.000Z key "key" value "café" header "name"="value""#),
        "{text}"
    );
    assert!(text.contains(r#"offset 2 at 1970-01-01T00:00:01.002Z key "" value "\xff\x00""#), "{text}");
    let verdict = format!("5 batches, 15 records, {} bytes: all checks passed\n", batches.len());
    assert!(text.ends_with(&verdict), "{text}");
    // A directory stands for the segments in it.
    assert_eq!(dump(directory.path(), &["--records"]).ok(), text);
}

#[test]
fn zeros_at_the_end_are_space_and_no_damage() {
    let directory = tempfile::tempdir().unwrap();
    let mut bytes = segment().concat();
    bytes.resize(bytes.len() + (1 << 20), 0);
    let path = write(directory.path(), &bytes);
    let done = dump(&path, &["--json"]);
    assert_eq!((done.code, lines(&done)[5]["reserved_bytes"].as_u64()), (0, Some(1 << 20)));
    // A byte among the zeros is damage.
    *bytes.last_mut().unwrap() = 1;
    let done = dump(&write(directory.path(), &bytes), &["--json"]);
    assert_eq!((done.code, lines(&done)[5]["unreadable_bytes"].as_u64()), (5, Some(1 << 20)));
    assert_eq!(done.stderr, format!("error: {}: 1 problem\n", path.display()));
}

#[test]
fn one_damaged_batch_hides_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let batches = segment();
    let mut bytes = batches.concat();
    // The last byte of the second batch.
    bytes[batches[0].len() + batches[1].len() - 1] ^= 1;
    let done = dump(&write(directory.path(), &bytes), &["--json"]);
    assert_eq!(done.code, 5);
    let problems: Vec<_> = lines(&done)[..5].iter().map(|line| line["problems"].as_array().unwrap().len()).collect();
    assert_eq!(problems, [0, 1, 0, 0, 0]);
    assert!(lines(&done)[1]["problems"][0].as_str().unwrap().contains("CRC"), "{done:?}");
}

#[test]
fn a_cut_batch_is_told_with_its_position() {
    let directory = tempfile::tempdir().unwrap();
    let batches = segment();
    let start = batches[..4].concat().len();
    let cut = &batches.concat()[..start + 70];
    let done = dump(&write(directory.path(), cut), &["--json"]);
    assert_eq!(done.code, 5);
    let told = format!(
        "70 bytes from position {start} on are no batch: the batch needs {} bytes and 70 are there; \
         a running broker may hold the rest",
        batches[4].len()
    );
    assert_eq!(lines(&done)[4]["problems"], json!([told]));
}

#[test]
fn batches_behind_what_is_none_are_found() {
    let directory = tempfile::tempdir().unwrap();
    let batches = segment();
    let noise: Vec<u8> = (0..200_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for hole in [vec![0; 100_000], noise, batches[1][..100].to_vec(), batches[1][1..].to_vec()] {
        let bytes = [&batches[0][..], &hole, &batches[2], &batches[3]].concat();
        let done = dump(&write(directory.path(), &bytes), &["--json"]);
        assert_eq!(done.code, 5);
        let shown: Vec<_> = lines(&done)[..3].iter().map(|line| line["base_offset"].as_i64()).collect();
        assert_eq!(shown, [Some(0), Some(6), Some(9)]);
        assert_eq!(lines(&done)[3]["unreadable_bytes"], json!(hole.len()));
    }
}

#[test]
fn a_length_that_no_batch_has_is_not_believed_in() {
    const CLAIMED_BYTES: i32 = 300 << 20;
    let directory = tempfile::tempdir().unwrap();
    let batches = segment();
    let mut bytes = batches[0].clone();
    bytes[8..12].copy_from_slice(&CLAIMED_BYTES.to_be_bytes());
    bytes.extend_from_slice(&batches[1]);
    let path = write(directory.path(), &bytes);
    // As large as the batch claims to be, and without a block on the disk.
    std::fs::File::options().write(true).open(&path).unwrap().set_len(CLAIMED_BYTES as u64 + 4_096).unwrap();
    let done = dump(&path, &["--json"]);
    assert_eq!(done.code, 5);
    assert_eq!(lines(&done)[0]["base_offset"], json!(3));
    let told = format!(
        "{} bytes from position 0 on are no batch: a batch of {} bytes is not believed in",
        batches[0].len(),
        CLAIMED_BYTES + 12
    );
    assert_eq!(lines(&done)[1]["problems"], json!([told]));
}

#[test]
fn batches_out_of_order_are_problems() {
    let directory = tempfile::tempdir().unwrap();
    let batches = segment();
    let done = dump(&write(directory.path(), &[&batches[1][..], &batches[0]].concat()), &["--json"]);
    assert_eq!(done.code, 5);
    assert_eq!(lines(&done)[1]["problems"], json!(["offset 0 comes after offset 5"]));
}

#[test]
fn what_is_not_there_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let done = dump(directory.path(), &[]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("no segments (*.log) in this directory"), "{}", done.stderr);
    let done = dump(&directory.path().join("missing.log"), &[]);
    assert_eq!(done.code, 4);
    assert!(done.stderr.contains("missing.log: No such file"), "{}", done.stderr);
}
