//! What a partition holds, in a few words: how many records, and the SHA-256 of all of them in order.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// A record as a client gave it or got it. `None` is null.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Milliseconds since 1970; `None` where the writer leaves it to its client.
    pub timestamp_ms: Option<i64>,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value.
    pub value: Option<Vec<u8>>,
    /// Names and values, in order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// A topic's partition.
pub type Partition = (String, i32);

/// What one partition holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many records.
    pub records: u64,
    /// SHA-256 in hexadecimal over keys, values and headers.
    pub content: String,
    /// The same of the timestamps alone; empty if the writer did not set them.
    pub timestamps: String,
}

/// What each partition holds.
pub type Manifest = BTreeMap<Partition, Summary>;

/// Sums up partitions, record by record.
#[derive(Default)]
pub struct Collector {
    partitions: BTreeMap<Partition, Sums>,
}

#[derive(Default)]
struct Sums {
    records: u64,
    stamped: u64,
    content: Sha256,
    timestamps: Sha256,
}

impl Collector {
    /// Adds the next record of a partition.
    pub fn add(&mut self, topic: &str, partition: i32, record: &Record) {
        let sums = self.partitions.entry((topic.to_owned(), partition)).or_default();
        sums.records += 1;
        if let Some(timestamp) = record.timestamp_ms {
            sums.stamped += 1;
            sums.timestamps.update(timestamp.to_be_bytes());
        }
        hash_field(&mut sums.content, record.key.as_deref());
        hash_field(&mut sums.content, record.value.as_deref());
        sums.content.update(length(record.headers.len()));
        for (name, value) in &record.headers {
            hash_field(&mut sums.content, Some(name.as_bytes()));
            hash_field(&mut sums.content, value.as_deref());
        }
    }

    /// The next record that is read must have this offset, where nothing was ever removed.
    #[must_use]
    pub fn next_offset(&self, topic: &str, partition: i32) -> u64 {
        self.partitions.get(&(topic.to_owned(), partition)).map_or(0, |sums| sums.records)
    }

    /// What was added.
    #[must_use]
    pub fn finish(self) -> Manifest {
        let summary = |sums: Sums| {
            let timestamps = if sums.stamped == sums.records { hexadecimal(sums.timestamps) } else { String::new() };
            Summary { records: sums.records, content: hexadecimal(sums.content), timestamps }
        };
        self.partitions.into_iter().map(|(partition, sums)| (partition, summary(sums))).collect()
    }
}

/// Says in what a reader's manifest differs from the writer's; nothing if it does not.
#[must_use]
pub fn differences(written: &Manifest, read: &Manifest) -> Vec<String> {
    let mut found = Vec::new();
    for ((topic, partition), want) in written {
        let Some(got) = read.get(&(topic.clone(), *partition)) else {
            found.push(format!("{topic}-{partition}: {} records written, none read", want.records));
            continue;
        };
        if got.records != want.records {
            found.push(format!("{topic}-{partition}: {} records written, {} read", want.records, got.records));
        } else if got.content != want.content {
            found.push(format!("{topic}-{partition}: other bytes, or another order, than was written"));
        }
        if got.records == want.records && !want.timestamps.is_empty() && got.timestamps != want.timestamps {
            found.push(format!("{topic}-{partition}: other timestamps than were written"));
        }
    }
    found
}

fn length(bytes: usize) -> [u8; 4] {
    i32::try_from(bytes).expect("fields are small").to_be_bytes()
}

fn hash_field(hash: &mut Sha256, field: Option<&[u8]>) {
    match field {
        None => hash.update((-1_i32).to_be_bytes()),
        Some(bytes) => {
            hash.update(length(bytes.len()));
            hash.update(bytes);
        }
    }
}

fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes everything");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(records: &[Record]) -> Manifest {
        let mut collector = Collector::default();
        records.iter().for_each(|record| collector.add("t", 0, record));
        collector.finish()
    }

    fn record(key: Option<&str>, value: Option<&str>, header: Option<&str>) -> Record {
        let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
        let headers = vec![("h".to_owned(), bytes(header))];
        Record { timestamp_ms: Some(1), key: bytes(key), value: bytes(value), headers }
    }

    #[test]
    fn any_change_is_noticed() {
        let (first, second) = (record(Some("k"), Some("v"), Some("x")), record(Some("k"), Some("w"), Some("x")));
        let written = manifest(&[first.clone(), second.clone()]);
        assert_eq!(differences(&written, &written), Vec::<String>::new());
        let later = Record { timestamp_ms: Some(2), ..second.clone() };
        let bare = Record { headers: Vec::new(), ..second.clone() };
        let changed = [
            ("lost", vec![first.clone()]),
            ("doubled", vec![first.clone(), second.clone(), second.clone()]),
            ("out of order", vec![second.clone(), first.clone()]),
            ("a null key", vec![first.clone(), record(None, Some("w"), Some("x"))]),
            ("an empty key", vec![first.clone(), record(Some(""), Some("w"), Some("x"))]),
            ("a null value", vec![first.clone(), record(Some("k"), None, Some("x"))]),
            ("a byte moved from key to value", vec![first.clone(), record(Some(""), Some("kw"), Some("x"))]),
            ("a null header", vec![first.clone(), record(Some("k"), Some("w"), None)]),
            ("no header", vec![first.clone(), bare]),
            ("another timestamp", vec![first, later]),
            ("nothing at all", Vec::new()),
        ];
        for (what, records) in changed {
            assert_eq!(differences(&written, &manifest(&records)).len(), 1, "{what}");
        }
    }
}
