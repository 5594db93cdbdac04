//! The numbers as text that Prometheus reads (OpenMetrics).
//!
//! What `kafka_exporter` calls by a name has that name here, so that dashboards made for it work; all else begins with
//! `millrace_`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use millrace_base::ids::{Offset, PartitionIndex};
use millrace_base::metrics::Durations;
use millrace_cluster::group::GroupState;
use millrace_wire::versions;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::{ApiNumbers, CoreNumbers, Numbers};

/// What the text is, for HTTP.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The numbers as text.
///
/// # Errors
/// None that the numbers could cause.
pub(crate) fn render(numbers: Numbers) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(numbers));
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

impl Collector for Numbers {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.encode_requests(&mut encoder)?;
        self.encode_connections(&mut encoder)?;
        self.encode_native(&mut encoder)?;
        self.encode_cores(&mut encoder)?;
        self.encode_logs(&mut encoder)?;
        self.encode_partitions(&mut encoder)?;
        self.encode_groups(&mut encoder)
    }
}

const TOOK: &str = "From a request's arrival to the end of its answer's sending; of Fetch also the wait for records.";

/// The labels of a sample.
type Labels = Vec<(&'static str, String)>;

impl Numbers {
    fn encode_requests(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let mut apis: BTreeMap<i16, ApiNumbers> = BTreeMap::new();
        for (key, api) in self.cores.iter().flat_map(|core| &core.apis) {
            let sum = apis.entry(*key).or_default();
            sum.took.add(&api.took);
            sum.request_bytes += api.request_bytes;
            sum.response_bytes += api.response_bytes;
        }
        let labels = |key: i16| vec![("api", versions::name(key).map_or_else(|| key.to_string(), str::to_owned))];
        let took = apis.iter().map(|(key, api)| (labels(*key), &api.took));
        histogram(encoder, "millrace_request_duration_seconds", TOOK, took)?;
        let bytes = apis.iter().map(|(key, api)| (labels(*key), api.request_bytes));
        counter(encoder, "millrace_request_bytes", "Bytes of requests.", bytes)?;
        let bytes = apis.iter().map(|(key, api)| (labels(*key), api.response_bytes));
        counter(encoder, "millrace_response_bytes", "Bytes of answers.", bytes)
    }

    fn encode_connections(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let open = [(Labels::new(), self.connections_open as u64)];
        gauge(encoder, "millrace_connections", "Connections that are open.", open)?;
        let accepted = self.of_cores(|core| core.connections_accepted);
        counter(encoder, "millrace_connections_accepted", "Connections that clients opened.", accepted)?;
        let dropped = self.of_cores(|core| core.connections_dropped);
        let help = "Connections that were closed because of what they sent.";
        counter(encoder, "millrace_connections_dropped", help, dropped)
    }

    fn encode_native(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let bytes = self.of_cores(|core| core.native.produced_bytes);
        let help = "Bytes of batches that came by the native protocol.";
        counter(encoder, "millrace_native_produced_bytes", help, bytes)?;
        let bytes = self.of_cores(|core| core.native.streamed_bytes);
        counter(encoder, "millrace_native_streamed_bytes", "Bytes of batches that went by it.", bytes)
    }

    fn encode_cores(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let seconds = |core: &CoreNumbers| core.up.saturating_sub(core.parked).as_secs_f64();
        let help = "How long a core has had work: its rate is the core's use.";
        counter(encoder, "millrace_core_busy_seconds", help, self.of_cores(seconds))?;
        let bytes = self.of_cores(|core| core.buffers_bytes as u64);
        gauge(encoder, "millrace_buffers_bytes", "Bytes of buffers that a core uses.", bytes)?;
        let bytes = self.of_cores(|core| core.buffers_limit_bytes as u64);
        gauge(encoder, "millrace_buffers_limit_bytes", "Bytes of buffers that a core may use.", bytes)
    }

    fn encode_logs(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let commits = self.cores.iter().map(|core| (core.labels(), &core.log.journal_commits));
        let help = "How long each synced write of a journal took: what an acknowledgement waits for.";
        histogram(encoder, "millrace_journal_commit_duration_seconds", help, commits)?;
        let bytes = self.of_cores(|core| core.log.journal_bytes);
        counter(encoder, "millrace_journal_written_bytes", "Bytes of those writes.", bytes)?;
        let bytes = self.of_cores(|core| core.log.tail_bytes as u64);
        gauge(encoder, "millrace_tail_bytes", "Bytes of recent records in a core's memory.", bytes)?;
        let offline = self.of_cores(|core| u64::from(core.log.is_offline));
        gauge(encoder, "millrace_log_directory_offline", "1 when a log directory does not answer any more.", offline)
    }

    fn encode_partitions(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let mut partitions = BTreeMap::new();
        for partition in self.cores.iter().flat_map(|core| &core.partitions) {
            if let Some(name) = self.topics.get(&partition.topic) {
                partitions.insert((name.as_str(), partition.partition), partition);
            }
        }
        let labels = |(topic, partition): &(&str, PartitionIndex)| {
            vec![("topic", (*topic).to_owned()), ("partition", partition.to_string())]
        };
        let offsets = partitions.iter().map(|(key, partition)| (labels(key), partition.high_watermark));
        gauge(encoder, "kafka_topic_partition_current_offset", "The offset after the newest record.", offsets)?;
        let offsets = partitions.iter().map(|(key, partition)| (labels(key), partition.log_start));
        gauge(encoder, "kafka_topic_partition_oldest_offset", "The offset of the oldest record.", offsets)?;
        let bytes = partitions.iter().map(|(key, partition)| (labels(key), partition.bytes));
        gauge(encoder, "millrace_partition_bytes", "Bytes of a partition's segments.", bytes)
    }

    fn encode_groups(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let ends = self.ends();
        let committed = || self.cores.iter().flat_map(|core| &core.committed);
        let labels = |group: &str, topic: &str, partition: PartitionIndex| {
            vec![("consumergroup", group.to_owned()), ("topic", topic.to_owned()), ("partition", partition.to_string())]
        };
        let offsets = committed().map(|it| (labels(&it.group, &it.topic, it.partition), it.offset));
        gauge(encoder, "kafka_consumergroup_current_offset", "The offset that a group reads next.", offsets)?;
        let lags = committed().filter_map(|it| {
            let end = ends.get(&(it.topic.as_str(), it.partition))?;
            Some((labels(&it.group, &it.topic, it.partition), (end - it.offset).max(0)))
        });
        gauge(encoder, "kafka_consumergroup_lag", "How many offsets a group has left to read.", lags)?;
        let sizes = self.cores.iter().flat_map(|core| &core.groups);
        let members = sizes.clone().map(|it| (vec![("consumergroup", it.group.clone())], it.members as u64));
        gauge(encoder, "kafka_consumergroup_members", "Members of a group.", members)?;
        let phases = GroupState::NAMES.iter().map(|name| {
            let count = sizes.clone().filter(|it| it.state.name() == *name).count();
            (vec![("state", (*name).to_owned())], count as u64)
        });
        gauge(encoder, "millrace_groups", "Groups by state.", phases)
    }

    /// Where each partition ends.
    fn ends(&self) -> BTreeMap<(&str, PartitionIndex), Offset> {
        let partitions = self.cores.iter().flat_map(|core| &core.partitions);
        let end_of = |it: &'_ super::PartitionNumbers| (it.topic, it.partition, it.high_watermark);
        let named = partitions
            .map(end_of)
            .filter_map(|(topic, partition, end)| Some(((self.topics.get(&topic)?.as_str(), partition), end)));
        named.collect()
    }

    fn of_cores<T>(&self, value: impl Fn(&CoreNumbers) -> T) -> impl Iterator<Item = (Labels, T)> {
        self.cores.iter().map(move |core| (core.labels(), value(core)))
    }
}

impl CoreNumbers {
    fn labels(&self) -> Labels {
        vec![("core", self.core.0.to_string())]
    }
}

fn counter<V: prometheus_client::encoding::EncodeCounterValue>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    samples: impl IntoIterator<Item = (Labels, V)>,
) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, value) in samples {
        sample(&mut metric, labels, |metric| metric.encode_counter::<NoLabelSet, V, u64>(&value, None))?;
    }
    Ok(())
}

fn gauge<V: prometheus_client::encoding::EncodeGaugeValue>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    samples: impl IntoIterator<Item = (Labels, V)>,
) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (labels, value) in samples {
        sample(&mut metric, labels, |metric| metric.encode_gauge(&value))?;
    }
    Ok(())
}

fn histogram<'a>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    samples: impl IntoIterator<Item = (Labels, &'a Durations)>,
) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
    for (labels, took) in samples {
        let bound = |bound: Option<Duration>| bound.map_or(f64::INFINITY, |bound| bound.as_secs_f64());
        let buckets: Vec<_> = took.buckets().map(|(limit, count)| (bound(limit), count)).collect();
        let (sum, count) = (took.sum().as_secs_f64(), took.count());
        sample(&mut metric, labels, |metric| metric.encode_histogram::<NoLabelSet>(sum, count, &buckets, None))?;
    }
    Ok(())
}

/// One line of a metric, or a histogram's lines.
fn sample(
    metric: &mut MetricEncoder<'_>,
    labels: Labels,
    encode: impl FnOnce(&mut MetricEncoder<'_>) -> fmt::Result,
) -> fmt::Result {
    if labels.is_empty() { encode(metric) } else { encode(&mut metric.encode_family(&labels)?) }
}
