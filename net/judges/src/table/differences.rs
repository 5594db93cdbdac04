//! Where Millrace answers otherwise than Kafka 4.3.1 on purpose. `docs/differences.md` says the same to people: a test
//! compares the two.

/// A difference that is meant.
pub struct Difference {
    /// The API.
    pub api: &'static str,
    /// How the names of the rows begin in which it shows; empty for all.
    pub rows: &'static str,
    /// How the paths of the fields end; a path without its indices. Empty for the whole answer.
    pub field: &'static str,
    /// What Kafka does.
    pub kafka: &'static str,
    /// What Millrace does.
    pub millrace: &'static str,
    /// Why.
    pub reason: &'static str,
}

/// All of them.
pub const DIFFERENCES: &[Difference] = &[
    Difference {
        api: "ApiVersions",
        rows: "what is offered",
        field: "ApiKeys",
        kafka: "75 APIs",
        millrace: "those that work, in the same versions",
        reason: "the others are not there yet",
    },
    Difference {
        api: "ApiVersions",
        rows: "what is offered",
        field: "Features",
        kafka: "the levels of eight features",
        millrace: "those of the features that it acts on",
        reason: "no level is told that cannot be served",
    },
    Difference {
        api: "ApiVersions",
        rows: "what is offered",
        field: "FinalizedFeaturesEpoch",
        kafka: "counts changes of the cluster's metadata",
        millrace: "counts changes of features",
        reason: "clients compare it with itself alone",
    },
    Difference {
        api: "ApiVersions",
        rows: "what is offered",
        field: "SupportedFeatures.MinVersion",
        kafka: "`metadata.version` from 3.3 on",
        millrace: "that of 4.3 alone",
        reason: "what is stored has one form",
    },
    Difference {
        api: "Metadata",
        rows: "trap 38: metadata of a topic that is created by it",
        field: "",
        kafka: "UNKNOWN_TOPIC_OR_PARTITION: the client asks again",
        millrace: "the topic, ready",
        reason: "the answer leaves when every core has the partitions",
    },
    Difference {
        api: "Metadata",
        rows: "metadata by id zero and no name",
        field: "",
        kafka: "UNKNOWN_SERVER_ERROR for the whole request",
        millrace: "UNKNOWN_TOPIC_ID for that topic",
        reason: "the reference runs into an exception that nothing foresees",
    },
    Difference {
        api: "DescribeTopicPartitions",
        rows: "describe a topic with an empty name",
        field: "",
        kafka: "UNKNOWN_SERVER_ERROR for every topic",
        millrace: "INVALID_TOPIC_EXCEPTION for that topic",
        reason: "the reference runs into an exception that nothing foresees",
    },
    Difference {
        api: "DescribeQuorum",
        rows: "the quorum",
        field: "Listeners.Name",
        kafka: "the controllers' listener",
        millrace: "the one by which the client came",
        reason: "the broker is the controller, and has no listener for that alone",
    },
    Difference {
        api: "Produce",
        rows: "",
        field: "PartitionResponses.ErrorMessage",
        kafka: "null for most errors",
        millrace: "what is wrong with the batch",
        reason: "clients show it to people",
    },
    Difference {
        api: "Produce",
        rows: "produce null for records",
        field: "",
        kafka: "never answers",
        millrace: "INVALID_RECORD",
        reason: "a client that waits for ever is worse",
    },
    Difference {
        api: "Produce",
        rows: "produce a batch and a byte",
        field: "",
        kafka: "appends the batch, and drops what follows it unless that is a batch",
        millrace: "INVALID_RECORD",
        reason: "nothing that was sent is dropped without a word",
    },
    Difference {
        api: "Produce",
        rows: "a negative epoch",
        field: "",
        kafka: "appends a batch that has a producer id and the epoch -1",
        millrace: "INVALID_PRODUCER_EPOCH",
        reason: "no client sends it; such a producer could not be told from its predecessor",
    },
    Difference {
        api: "Produce",
        rows: "produce an unknown codec",
        field: "LogStartOffset",
        kafka: "-1 below version 7, else the log start offset",
        millrace: "the log start offset",
        reason: "no client reads it together with this error",
    },
    Difference {
        api: "Produce",
        rows: "more errors than are named",
        field: "RecordErrors",
        kafka: "names every record that is refused",
        millrace: "names the first 1,000 of a batch",
        reason: "an answer's size is bounded",
    },
    Difference {
        api: "ListOffsets",
        rows: "cut: the offset for the time -3",
        field: "Offset",
        kafka: "the record of the greatest timestamp may be one that was deleted",
        millrace: "the first record with the greatest timestamp of those that are still there",
        reason: "what is deleted cannot be fetched",
    },
    Difference {
        api: "DescribeConfigs",
        rows: "",
        field: "millrace.durability",
        kafka: "has no such setting",
        millrace: "its own setting of a topic",
        reason: "it decides when an append is acknowledged",
    },
    Difference {
        api: "CreateTopics",
        rows: "",
        field: "millrace.durability",
        kafka: "has no such setting",
        millrace: "its own setting of a topic",
        reason: "it decides when an append is acknowledged",
    },
    Difference {
        api: "DescribeConfigs",
        rows: "",
        field: "millrace.record.format",
        kafka: "has no such setting",
        millrace: "its own setting of a topic",
        reason: "it decides whether records are stored as columns",
    },
    Difference {
        api: "CreateTopics",
        rows: "",
        field: "millrace.record.format",
        kafka: "has no such setting",
        millrace: "its own setting of a topic",
        reason: "it decides whether records are stored as columns",
    },
    Difference {
        api: "DescribeConfigs",
        rows: "",
        field: "min.insync.replicas.ConfigSource",
        kafka: "set for the whole cluster when it is formatted",
        millrace: "the default",
        reason: "there is no cluster-wide setting; the value is the same",
    },
    Difference {
        api: "DescribeConfigs",
        rows: "",
        field: "min.insync.replicas.Synonyms",
        kafka: "names the cluster's setting",
        millrace: "does not",
        reason: "there is no cluster-wide setting; the value is the same",
    },
    Difference {
        api: "CreateTopics",
        rows: "",
        field: "min.insync.replicas.ConfigSource",
        kafka: "set for the whole cluster when it is formatted",
        millrace: "the default",
        reason: "there is no cluster-wide setting; the value is the same",
    },
    Difference {
        api: "DescribeConfigs",
        rows: "shown: ",
        field: "ReadOnly",
        kafka: "a broker's listeners and `producer.id.expiration.ms` can be changed while it runs",
        millrace: "they cannot",
        reason: "a broker is given them at its start",
    },
    Difference {
        api: "IncrementalAlterConfigs",
        rows: "edit: the setting",
        field: "",
        kafka: "takes every setting of a topic",
        millrace: "INVALID_CONFIG, with the reason, for what would have no effect yet",
        reason: "nothing is silently ignored",
    },
    Difference {
        api: "IncrementalAlterConfigs",
        rows: "checked: producer.id.expiration.ms",
        field: "",
        kafka: "takes it while a broker runs",
        millrace: "INVALID_REQUEST",
        reason: "a broker is given it at its start",
    },
    Difference {
        api: "IncrementalAlterConfigs",
        rows: "checked: group.consumer.assignment.interval.ms",
        field: "",
        kafka: "takes `group.consumer.assignment.interval.ms` while a broker runs",
        millrace: "INVALID_REQUEST",
        reason: "a broker is given it at its start",
    },
    Difference {
        api: "IncrementalAlterConfigs",
        rows: "checked: log.local.retention",
        field: "",
        kafka: "takes settings of tiered storage",
        millrace: "INVALID_REQUEST",
        reason: "nothing is silently ignored",
    },
    Difference {
        api: "IncrementalAlterConfigs",
        rows: "checked: log.cleaner.io.",
        field: "",
        kafka: "takes numbers for the cleaner that it would not start with",
        millrace: "INVALID_REQUEST",
        reason: "what is refused at a start is refused later too",
    },
    Difference {
        api: "IncrementalAlterConfigs",
        rows: "checked: log.flush.interval.ms='-5'",
        field: "",
        kafka: "takes less than nothing for `log.flush.interval.ms`",
        millrace: "INVALID_REQUEST",
        reason: "what is refused at a start is refused later too",
    },
    Difference {
        api: "IncrementalAlterConfigs",
        rows: "checked: log.retention.ms='-5'",
        field: "",
        kafka: "takes less than -1 for `log.retention.ms`",
        millrace: "INVALID_REQUEST",
        reason: "what is refused at a start is refused later too",
    },
    Difference {
        api: "IncrementalAlterConfigs",
        rows: "checked: min.insync.replicas='1' for a broker",
        field: "",
        kafka: "INVALID_CONFIG: not for one broker, while eligible leader replicas are on",
        millrace: "takes it",
        reason: "there are no eligible leader replicas",
    },
    Difference {
        api: "UpdateFeatures",
        rows: "features: 'transaction.version'",
        field: "",
        kafka: "changes `transaction.version`",
        millrace: "INVALID_UPDATE_VERSION",
        reason: "there is no such feature yet",
    },
    Difference {
        api: "UpdateFeatures",
        rows: "features: 'share.version'",
        field: "",
        kafka: "changes `share.version`",
        millrace: "INVALID_UPDATE_VERSION",
        reason: "there is no such feature yet",
    },
    Difference {
        api: "IncrementalAlterConfigs",
        rows: "edit: operation",
        field: "",
        kafka: "UNKNOWN_SERVER_ERROR for an operation that there is not",
        millrace: "INVALID_REQUEST",
        reason: "the reference runs into an exception that nothing foresees",
    },
    Difference {
        api: "AlterClientQuotas",
        rows: "quotas: check mutations",
        field: "",
        kafka: "takes a quota of changes of topics (`controller_mutation_rate`)",
        millrace: "INVALID_REQUEST",
        reason: "nothing is silently ignored: it is not measured yet",
    },
    Difference {
        api: "AlterClientQuotas",
        rows: "quotas: check a host",
        field: "",
        kafka: "takes the name of a host for an address",
        millrace: "INVALID_REQUEST",
        reason: "a quota that hangs on a name server is none",
    },
    Difference {
        api: "AlterConfigs",
        rows: "AlterConfigs: a topic twice",
        field: "",
        kafka: "never answers",
        millrace: "INVALID_REQUEST",
        reason: "a client that waits for ever is worse",
    },
];

impl Difference {
    /// Whether a difference at `path` in the answer to a row is this one.
    #[must_use]
    pub fn covers(&self, api: &str, row: &str, path: &str) -> bool {
        self.api == api && row.starts_with(self.rows) && without_indices(path).ends_with(self.field)
    }

    /// Its line in the document.
    #[must_use]
    pub fn line(&self) -> String {
        let Difference { api, field, kafka, millrace, reason, .. } = self;
        let field = if field.is_empty() { String::new() } else { format!(" `{field}`") };
        format!("| {api}{field} | {kafka} | {millrace} | {reason} |")
    }
}

fn without_indices(path: &str) -> String {
    let mut kept = String::new();
    let mut depth = 0;
    for character in path.chars() {
        match character {
            '[' => depth += 1,
            ']' => depth -= 1,
            other if depth == 0 => kept.push(other),
            _ => {}
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::{DIFFERENCES, without_indices};
    use crate::process::repository;

    #[test]
    fn the_document_names_each_of_them_and_no_others() {
        let document = std::fs::read_to_string(repository().join("docs/differences.md")).unwrap();
        let (_, table) = document.split_once("<!-- compared by a test -->\n").expect("the document has its table");
        let lines: Vec<&str> = table.lines().filter(|line| line.starts_with('|')).skip(2).collect();
        let expected: Vec<String> = DIFFERENCES.iter().map(super::Difference::line).collect();
        assert_eq!(lines, expected, "the lines should be:\n{}", expected.join("\n"));
    }

    #[test]
    fn a_path_is_known_without_its_indices() {
        assert_eq!(without_indices("Topics[0].Partitions[12].ErrorCode"), "Topics.Partitions.ErrorCode");
    }
}
