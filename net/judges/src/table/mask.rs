//! What may differ between any two brokers, field by field, with the reason; everything else is compared as it is.

use serde_json::{Map, Value};

/// How much of a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Nothing.
    Ignored,
    /// Whether it is null, or empty.
    Presence,
    /// Whether it is below zero, zero, or above.
    Sign,
    /// Whether it is zero.
    Drawn,
    /// The elements, in whatever order.
    Unordered,
    /// The elements by their `Name`, in whatever order.
    Named,
    /// The records without what a leader stamps outside their checksum: the leader epoch.
    Records,
}

/// A field that is not compared as it is.
pub struct Mask {
    /// The API, or `*` for all.
    pub api: &'static str,
    /// The field, wherever it is in the answer.
    pub field: &'static str,
    /// How much of it is compared.
    pub rule: Rule,
    /// Why not all.
    pub reason: &'static str,
}

const fn mask(api: &'static str, field: &'static str, rule: Rule, reason: &'static str) -> Mask {
    Mask { api, field, rule, reason }
}

const WORDS: &str = "each broker has its own words";
const RANDOM: &str = "drawn at random";
const HASH_ORDER: &str = "the reference answers in the order of a hash table";

/// All of them.
pub const MASKS: &[Mask] = &[
    mask("*", "ErrorMessage", Rule::Presence, WORDS),
    mask("*", "BatchIndexErrorMessage", Rule::Presence, WORDS),
    mask("*", "Documentation", Rule::Presence, WORDS),
    mask("*", "TopicId", Rule::Drawn, RANDOM),
    mask("*", "ClusterId", Rule::Presence, RANDOM),
    mask("*", "Port", Rule::Ignored, "each broker listens on a port of its own"),
    mask("Produce", "LogAppendTimeMs", Rule::Sign, "the time of day"),
    mask("Produce", "Responses", Rule::Unordered, HASH_ORDER),
    mask("Produce", "PartitionResponses", Rule::Unordered, HASH_ORDER),
    mask("ListOffsets", "Topics", Rule::Unordered, HASH_ORDER),
    mask("ListOffsets", "Partitions", Rule::Unordered, HASH_ORDER),
    mask("DescribeLogDirs", "LogDir", Rule::Presence, "each broker has a directory of its own"),
    mask("DescribeLogDirs", "TotalBytes", Rule::Sign, "what else lies on the disk"),
    mask("DescribeLogDirs", "UsableBytes", Rule::Sign, "what else lies on the disk"),
    mask("DescribeLogDirs", "Topics", Rule::Unordered, HASH_ORDER),
    mask("DescribeLogDirs", "Partitions", Rule::Unordered, HASH_ORDER),
    mask("DescribeQuorum", "LogEndOffset", Rule::Sign, "the records of one are not those of the other"),
    mask("DescribeQuorum", "HighWatermark", Rule::Sign, "the records of one are not those of the other"),
    mask("DescribeQuorum", "LeaderEpoch", Rule::Ignored, "counts elections"),
    mask("DescribeQuorum", "LastFetchTimestamp", Rule::Sign, "the time of day"),
    mask("DescribeQuorum", "LastCaughtUpTimestamp", Rule::Sign, "the time of day"),
    mask("ElectLeaders", "ReplicaElectionResults", Rule::Unordered, HASH_ORDER),
    mask("ListConfigResources", "ConfigResources", Rule::Unordered, HASH_ORDER),
    mask("AlterReplicaLogDirs", "Results", Rule::Unordered, HASH_ORDER),
    mask("AlterReplicaLogDirs", "Partitions", Rule::Unordered, HASH_ORDER),
    mask("DescribeProducers", "ActiveProducers", Rule::Unordered, HASH_ORDER),
    mask("AlterConfigs", "Responses", Rule::Unordered, HASH_ORDER),
    mask("IncrementalAlterConfigs", "Responses", Rule::Unordered, HASH_ORDER),
    mask("AlterClientQuotas", "Entries", Rule::Unordered, HASH_ORDER),
    mask("AlterClientQuotas", "Entity", Rule::Unordered, HASH_ORDER),
    mask("DescribeClientQuotas", "Entries", Rule::Unordered, HASH_ORDER),
    mask("DescribeClientQuotas", "Entity", Rule::Unordered, HASH_ORDER),
    mask("DescribeClientQuotas", "Values", Rule::Unordered, HASH_ORDER),
    mask("DescribeUserScramCredentials", "Results", Rule::Unordered, HASH_ORDER),
    mask("UpdateFeatures", "Results", Rule::Unordered, HASH_ORDER),
    mask("CreatePartitions", "Results", Rule::Unordered, HASH_ORDER),
    mask("InitProducerId", "ProducerId", Rule::Sign, "blocks of ids have other sizes"),
    mask("Fetch", "Records", Rule::Records, "leader epochs count starts of the broker"),
    mask("Fetch", "SessionId", Rule::Drawn, RANDOM),
    mask("ApiVersions", "ApiKeys", Rule::Unordered, HASH_ORDER),
    mask("Metadata", "Topics", Rule::Unordered, HASH_ORDER),
    mask("CreateTopics", "Topics", Rule::Unordered, HASH_ORDER),
    mask("CreateTopics", "Configs", Rule::Named, HASH_ORDER),
    mask("DeleteRecords", "Topics", Rule::Unordered, HASH_ORDER),
    mask("DeleteRecords", "Partitions", Rule::Unordered, HASH_ORDER),
    mask("DeleteTopics", "Responses", Rule::Unordered, "the reference shuffles its answers"),
    mask("ConsumerGroupHeartbeat", "Partitions", Rule::Unordered, HASH_ORDER),
    mask("ConsumerGroupDescribe", "Partitions", Rule::Unordered, HASH_ORDER),
    mask("ConsumerGroupDescribe", "Members", Rule::Unordered, HASH_ORDER),
    mask("ListGroups", "Groups", Rule::Unordered, HASH_ORDER),
    mask("JoinGroup", "MemberId", Rule::Presence, RANDOM),
    mask("JoinGroup", "Leader", Rule::Presence, RANDOM),
    mask("LeaveGroup", "MemberId", Rule::Presence, RANDOM),
    mask("DescribeGroups", "MemberId", Rule::Presence, RANDOM),
    mask("DeleteGroups", "Results", Rule::Unordered, HASH_ORDER),
    mask("OffsetDelete", "Partitions", Rule::Unordered, HASH_ORDER),
    mask("OffsetFetch", "Topics", Rule::Unordered, HASH_ORDER),
    mask("OffsetFetch", "Partitions", Rule::Unordered, HASH_ORDER),
    mask("OffsetCommit", "Partitions", Rule::Unordered, HASH_ORDER),
    mask("DescribeConfigs", "Configs", Rule::Named, HASH_ORDER),
    mask("DescribeConfigs", "Results", Rule::Unordered, HASH_ORDER),
];

/// The mask of a field.
fn rule(api: &str, field: &str) -> Option<Rule> {
    let of = |mask: &&Mask| mask.field == field && (mask.api == "*" || mask.api == api);
    MASKS.iter().find(of).map(|mask| mask.rule)
}

/// An answer with only what is compared.
#[must_use]
pub fn masked(api: &str, answer: &Value) -> Value {
    match answer {
        Value::Object(members) => {
            let mask_member = |(name, value): (&String, &Value)| {
                let value = masked(api, value);
                (name.clone(), rule(api, name).map_or_else(|| value.clone(), |rule| rule.apply(&value)))
            };
            Value::Object(members.iter().map(mask_member).collect::<Map<_, _>>())
        }
        Value::Array(elements) => Value::Array(elements.iter().map(|element| masked(api, element)).collect()),
        other => other.clone(),
    }
}

impl Rule {
    fn apply(self, value: &Value) -> Value {
        match (self, value) {
            (Rule::Ignored, _) => Value::from("ignored"),
            (Rule::Presence, Value::Null) => Value::Null,
            (Rule::Presence, Value::String(text)) if text.is_empty() => Value::from(""),
            (Rule::Presence, _) => Value::from("present"),
            (Rule::Sign, Value::Number(number)) => Value::from(number.as_i64().unwrap_or_default().signum()),
            (Rule::Drawn, Value::Number(number)) => Value::from(if number.as_i64() == Some(0) { "0" } else { "drawn" }),
            (Rule::Drawn, Value::String(id)) => {
                Value::from(if id.trim_matches('0').is_empty() { "0" } else { "drawn" })
            }
            (Rule::Unordered, Value::Array(elements)) => {
                let mut elements = elements.clone();
                elements.sort_by_key(|element| (element["Name"].to_string(), element.to_string()));
                Value::Array(elements)
            }
            (Rule::Named, Value::Array(elements)) => {
                let name = |element: &Value| element["Name"].as_str().unwrap_or_default().to_owned();
                Value::Object(elements.iter().map(|element| (name(element), element.clone())).collect())
            }
            (Rule::Records, Value::String(records)) => Value::from(without_leader_epochs(records)),
            (_, other) => other.clone(),
        }
    }
}

/// Hexadecimal record batches with the leader epoch of each blanked out.
fn without_leader_epochs(records: &str) -> String {
    /// Digits of a batch before its length, and of the length.
    const OFFSET: usize = 16;
    const LENGTH: usize = 8;
    let mut rest = records;
    let mut masked = String::with_capacity(records.len());
    while let Some((head, after)) = rest.split_at_checked(OFFSET + LENGTH) {
        let bytes = usize::from_str_radix(&head[OFFSET..], 16).unwrap_or(usize::MAX);
        masked.push_str(head);
        let Some((batch, next)) = after.split_at_checked(bytes.saturating_mul(2)).filter(|(batch, _)| batch.len() > 8)
        else {
            rest = after;
            break;
        };
        masked.push_str("........");
        masked.push_str(&batch[8..]);
        rest = next;
    }
    masked + rest
}

/// Where two masked answers differ: path, what the reference says, what Millrace says.
#[must_use]
pub fn differences(reference: &Value, millrace: &Value) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    compare("", reference, millrace, &mut found);
    found
}

fn compare(path: &str, reference: &Value, millrace: &Value, found: &mut Vec<(String, String, String)>) {
    match (reference, millrace) {
        (Value::Object(left), Value::Object(right)) => {
            let names: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            for name in names {
                let of = |members: &Map<String, Value>| members.get(name).cloned().unwrap_or(Value::from("absent"));
                compare(&format!("{path}.{name}"), &of(left), &of(right), found);
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                compare(&format!("{path}[{index}]"), left, right, found);
            }
        }
        (Value::Array(left), Value::Array(right)) => {
            let told = |these: &[Value], those: &[Value]| {
                let own: Value = these.iter().filter(|element| !those.contains(element)).cloned().collect();
                format!("{} elements, of which only here: {own}", these.len())
            };
            found.push((path.trim_start_matches('.').to_owned(), told(left, right), told(right, left)));
        }
        (left, right) if left == right => {}
        (left, right) => found.push((path.trim_start_matches('.').to_owned(), left.to_string(), right.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{differences, masked};

    #[test]
    fn what_is_random_is_masked_and_what_is_not_is_told() {
        let answer = |id: &str, port: i32, code: i16, message: &str| {
            json!({ "Brokers": [{ "Port": port }], "Topics": [{ "TopicId": id, "ErrorCode": code,
                "ErrorMessage": message }] })
        };
        let (left, right) = (answer("00ff", 1, 3, "a"), answer("ee00", 2, 3, "b"));
        assert_eq!(masked("Metadata", &left), masked("Metadata", &right));
        let other = masked("Metadata", &answer("0000", 2, 5, ""));
        let found = differences(&masked("Metadata", &left), &other);
        let paths: Vec<&str> = found.iter().map(|(path, ..)| path.as_str()).collect();
        assert_eq!(paths, ["Topics[0].ErrorCode", "Topics[0].ErrorMessage", "Topics[0].TopicId"]);
    }

    #[test]
    fn only_the_leader_epoch_of_a_batch_is_blanked() {
        let batch = |epoch: &str| format!("000000000000000000000006{epoch}02aa");
        let records = |epoch: &str| json!({ "Records": format!("{}{}", batch(epoch), batch(epoch)) });
        assert_eq!(masked("Fetch", &records("00000000")), masked("Fetch", &records("00000005")));
        let changed = json!({ "Records": batch("00000000").replace("aa", "ab") });
        assert_ne!(masked("Fetch", &json!({ "Records": batch("00000000") })), masked("Fetch", &changed));
    }
}
