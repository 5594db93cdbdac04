//! The request table: each row is a request that a real Kafka and Millrace are both asked, in every version that it is
//! in, and their answers are compared field by field.
//!
//! Invariants:
//! - what is compared is everything but what [`mask::MASKS`] names, each with its reason;
//! - a difference is a complaint unless [`differences::DIFFERENCES`] has it, and one of those that no longer shows is a
//!   complaint as well.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::path::Path;

use serde_json::{Value, json};

use crate::broker::{Kind, Setup};

pub mod batches;
pub mod codec;
pub mod coverage;
pub mod differences;
pub mod judged;
pub mod mask;
pub mod schema;

use coverage::Coverage;
use differences::DIFFERENCES;
pub use judged::{Judged, Reaction};
use schema::Schemas;

/// Versions of a request.
#[derive(Clone, Debug)]
pub enum Span {
    /// All that the reference offers.
    All,
    /// These.
    Only(RangeInclusive<i16>),
}

impl From<i16> for Span {
    fn from(version: i16) -> Self {
        Span::Only(version..=version)
    }
}

impl From<RangeInclusive<i16>> for Span {
    fn from(versions: RangeInclusive<i16>) -> Self {
        Span::Only(versions)
    }
}

/// A difference that nobody meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Complaint {
    row: String,
    api: String,
    path: String,
    wanted: String,
    found: String,
}

/// Both brokers, and what was found.
pub struct Table {
    schemas: Schemas,
    reference: Judged,
    millrace: Judged,
    offered: BTreeMap<i16, RangeInclusive<i16>>,
    coverage: Coverage,
    /// With the versions in which each showed.
    complaints: BTreeMap<Complaint, Vec<i16>>,
    excused: BTreeSet<usize>,
    /// `$MILLRACE_SHOW`: rows whose names begin so are printed with both answers.
    shown: Option<String>,
}

impl Table {
    /// Starts both brokers, with their data below `directory`.
    #[must_use]
    pub fn open(directory: &Path, settings: &[&str]) -> Self {
        let setup = |kind| Setup { kind, cores: 2, processor: None, arguments: Vec::new() };
        let mut of_reference = setup(Kind::Reference);
        of_reference.arguments = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let mut of_millrace = setup(Kind::Millrace);
        of_millrace.arguments =
            settings.iter().flat_map(|setting| ["--set".to_owned(), (*setting).to_owned()]).collect();
        let mut reference = Judged::spawn(of_reference, &directory.join("reference"));
        let mut millrace = Judged::spawn(of_millrace, &directory.join("millrace"));
        reference.broker.await_answer();
        millrace.broker.await_answer();
        let mut table = Self {
            schemas: Schemas::load(),
            reference,
            millrace,
            offered: BTreeMap::new(),
            coverage: Coverage::default(),
            complaints: BTreeMap::new(),
            excused: BTreeSet::new(),
            shown: std::env::var("MILLRACE_SHOW").ok(),
        };
        table.offered = table.offered_by(Kind::Reference);
        table
    }

    /// The keys and versions that a broker says it has.
    #[must_use]
    pub fn offered_by(&mut self, kind: Kind) -> BTreeMap<i16, RangeInclusive<i16>> {
        let reaction = self.tell(kind, "ApiVersions", 0, &json!({}));
        let keys = reaction.answer()["ApiKeys"].as_array().cloned().unwrap_or_default();
        let int16 = |value: &Value| i16::try_from(value.as_i64().unwrap_or_default()).unwrap_or_default();
        let range = |key: &Value| (int16(&key["ApiKey"]), int16(&key["MinVersion"])..=int16(&key["MaxVersion"]));
        keys.iter().map(range).collect()
    }

    /// A row: asks both brokers the same in each version, and compares. Texts in `body` may hold `$v` for the version,
    /// and be `$NAME` for what [`Table::remember`] keeps under that name. Gives the reference's and Millrace's reaction
    /// in the last version.
    pub fn ask(&mut self, row: &str, api: &str, versions: impl Into<Span>, body: Value) -> [Reaction; 2] {
        let mut last = [Reaction::Silent, Reaction::Silent];
        for version in self.versions(api, versions.into()) {
            let reactions = [Kind::Reference, Kind::Millrace].map(|kind| self.tell(kind, api, version, &body));
            self.judge(row, api, version, &reactions);
            last = reactions;
        }
        last
    }

    /// A row about a request that waits, while each broker is told something else; as [`Table::ask`].
    pub fn ask_and(&mut self, row: &str, api: &str, version: i16, body: &Value, meanwhile: impl Fn(&mut Judged)) {
        let both = [Kind::Reference, Kind::Millrace];
        let reactions = both.map(|kind| self.side(kind).tell_and(api, version, body, &meanwhile));
        self.judge(row, api, version, &reactions);
    }

    /// A row of bytes that follow a request header as they are. Answers are compared as bytes.
    pub fn ask_bytes(&mut self, row: &str, api: &str, version: i16, body: &[u8]) {
        let reactions = [Kind::Reference, Kind::Millrace].map(|kind| self.side(kind).tell_bytes(api, version, body));
        self.judge(row, api, version, &reactions);
    }

    /// Asks one broker without comparing: what a row needs before it, or waits for.
    pub fn tell(&mut self, kind: Kind, api: &str, version: i16, body: &Value) -> Reaction {
        self.side(kind).tell(api, version, body)
    }

    /// Asks each broker until `is_so` says that its answer is what was waited for.
    ///
    /// # Panics
    /// When it does not come to that in time.
    pub fn until(&mut self, api: &str, version: i16, body: &Value, is_so: impl Fn(&Value) -> bool) {
        for kind in [Kind::Reference, Kind::Millrace] {
            self.side(kind).until(api, version, body, &is_so);
        }
    }

    /// Creates topics with so many partitions on both brokers, and waits until they take records. Their ids are then
    /// `$NAME`.
    pub fn topics(&mut self, topics: &[(&str, i32)]) {
        for (name, partitions) in topics {
            self.topic(name, *partitions, &[]);
        }
    }

    /// Whether both brokers have a topic from here.
    #[must_use]
    pub fn has_topic(&self, name: &str) -> bool {
        [&self.reference, &self.millrace].iter().all(|side| side.names.contains_key(name))
    }

    /// Creates a topic with settings, as [`Table::topics`] does.
    pub fn topic(&mut self, name: &str, partitions: i32, settings: &[(&str, &str)]) {
        let settings: Vec<Value> =
            settings.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
        let topic = json!({ "Name": name, "NumPartitions": partitions, "ReplicationFactor": 1, "Configs": settings });
        for kind in [Kind::Reference, Kind::Millrace] {
            let reaction = self.tell(kind, "CreateTopics", 7, &json!({ "Topics": [topic] }));
            let code = &reaction.answer()["Topics"][0]["ErrorCode"];
            assert_eq!(code, 0, "{} does not create {name}: {reaction:?}", kind.name());
        }
        self.settle(name, partitions);
    }

    /// Waits until a topic that was asked for takes records on both brokers, and remembers its id as `$NAME`.
    pub fn settle(&mut self, name: &str, partitions: i32) {
        let indices: Vec<Value> =
            (0..partitions).map(|index| json!({ "PartitionIndex": index, "Timestamp": -1 })).collect();
        self.until(
            "ListOffsets",
            1,
            &json!({ "ReplicaId": -1, "Topics": [{ "Name": name, "Partitions": indices }] }),
            |it| {
                let answered = it["Topics"][0]["Partitions"].as_array().cloned().unwrap_or_default();
                !answered.is_empty() && answered.iter().all(|partition| partition["ErrorCode"] == 0)
            },
        );
        for kind in [Kind::Reference, Kind::Millrace] {
            let asked = json!({ "Topics": [{ "Name": name }], "AllowAutoTopicCreation": false });
            let described = self.tell(kind, "Metadata", 12, &asked);
            let id = described.answer()["Topics"][0]["TopicId"].as_str().expect("a topic has its id").to_owned();
            self.side(kind).names.insert(name.to_owned(), id);
        }
    }

    /// Waits until both brokers know nothing of a topic any more.
    pub fn settle_deleted(&mut self, name: &str) {
        const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
        let asked = json!({ "Topics": [{ "Name": name }], "AllowAutoTopicCreation": false });
        self.until("Metadata", 12, &asked, |it| it["Topics"][0]["ErrorCode"] == UNKNOWN_TOPIC_OR_PARTITION);
    }

    /// Keeps a text of each broker's reaction under `name`.
    pub fn remember(&mut self, name: &str, reactions: &[Reaction; 2], text: impl Fn(&Value) -> String) {
        for (kind, reaction) in [Kind::Reference, Kind::Millrace].into_iter().zip(reactions) {
            self.side(kind).names.insert(name.to_owned(), text(reaction.answer()));
        }
    }

    /// What was asked so far.
    #[must_use]
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// The keys that Millrace offers in other versions than the reference does, or that the reference does not offer.
    #[must_use]
    pub fn wrongly_offered(&mut self) -> Vec<String> {
        let offered = self.offered_by(Kind::Millrace);
        let wrong = offered.iter().filter(|(key, versions)| self.offered.get(key) != Some(versions));
        wrong.map(|(key, versions)| format!("key {key} in versions {versions:?}")).collect()
    }

    /// The keys of the APIs, by Kafka's names, that were asked but not in each version that both brokers offer.
    #[must_use]
    pub fn versions_left_out(&mut self) -> Vec<String> {
        let offered = self.offered_by(Kind::Millrace);
        let mut missing = Vec::new();
        for api in self.coverage.apis() {
            let (key, known) = (self.schemas.request(api).key, self.schemas.request(api).versions);
            let versions = offered.get(&key).cloned().into_iter().flatten();
            for version in versions.filter(|version| known.contains(*version) && !self.coverage.has(api, *version)) {
                missing.push(format!("{api} version {version}"));
            }
        }
        missing
    }

    /// Everything that was found wrong. `is_whole` says that all rows were asked, so that each known difference must
    /// have shown.
    #[must_use]
    pub fn complaints(&self, is_whole: bool) -> Vec<String> {
        let mut complaints: Vec<String> =
            self.complaints.iter().map(|(complaint, versions)| complaint.describe(versions)).collect();
        for (index, difference) in DIFFERENCES.iter().enumerate() {
            if is_whole && !self.excused.contains(&index) {
                complaints.push(format!("no row shows this difference any more: {}", difference.line()));
            }
        }
        complaints
    }

    fn versions(&self, api: &str, span: Span) -> Vec<i16> {
        let request = self.schemas.request(api);
        match span {
            Span::Only(versions) => versions.collect(),
            Span::All => {
                let offered = self.offered.get(&request.key).cloned();
                let offered = offered.unwrap_or_else(|| panic!("the reference does not offer {api}"));
                offered.filter(|version| request.versions.contains(*version)).collect()
            }
        }
    }

    fn side(&mut self, kind: Kind) -> &mut Judged {
        match kind {
            Kind::Reference => &mut self.reference,
            Kind::Millrace => &mut self.millrace,
        }
    }

    fn judge(&mut self, row: &str, api: &str, version: i16, [reference, millrace]: &[Reaction; 2]) {
        let answer = if let Reaction::Answer(answer) = reference { Some(answer) } else { None };
        self.coverage.note(api, row, version, answer);
        if self.shown.as_ref().is_some_and(|shown| row.starts_with(shown)) {
            println!("{row}: {api} version {version}\n  reference {reference:?}\n  millrace  {millrace:?}");
        }
        for (path, wanted, found) in mask::differences(&reference.masked(api), &millrace.masked(api)) {
            let is_known = |difference: &differences::Difference| difference.covers(api, row, &path);
            match DIFFERENCES.iter().position(is_known) {
                Some(index) => drop(self.excused.insert(index)),
                None => {
                    let complaint = Complaint { row: row.to_owned(), api: api.to_owned(), path, wanted, found };
                    self.complaints.entry(complaint).or_default().push(version);
                }
            }
        }
    }
}

impl Complaint {
    fn describe(&self, versions: &[i16]) -> String {
        let Complaint { row, api, path, wanted, found } = self;
        let versions: Vec<String> = versions.iter().map(i16::to_string).collect();
        let path = if path.is_empty() { "the answer" } else { path };
        format!("{row}: {api} {}: {path}\n    reference {wanted}\n    millrace  {found}", versions.join(","))
    }
}
