//! The knobs.

use std::time::Duration;

use clap::Args;
use millrace_client::native::{Access, ConsumerOptions, Start};
use serde::Serialize;

/// How the tuned consumer is tuned.
#[derive(Args, Clone, Debug, Serialize)]
pub struct Tuning {
    /// Consumer threads; each has its own share of the partitions
    #[arg(long, default_value_t = 1)]
    pub threads: usize,
    /// Bytes of a partition that are sent ahead of what was consumed
    #[arg(long, default_value_t = 4 << 20)]
    pub window_bytes: u32,
    /// Bytes of each connection's receiving buffer
    #[arg(long, default_value_t = 1 << 20)]
    pub buffer_bytes: usize,
    /// Microseconds to look again and again for what has come before a thread goes to sleep
    #[arg(long, default_value_t = 0)]
    pub busy_poll_us: u64,
    /// Do not compare the batches' checksums
    #[arg(long)]
    pub no_checksums: bool,
    /// Bind each thread to a processor: the first to the first of these, and so on
    #[arg(long, value_delimiter = ',')]
    pub processors: Vec<usize>,
}

impl Default for Tuning {
    fn default() -> Self {
        let (threads, window_bytes, buffer_bytes, busy_poll_us, no_checksums) = (1, 4 << 20, 1 << 20, 0, false);
        Self { threads, window_bytes, buffer_bytes, busy_poll_us, no_checksums, processors: Vec::new() }
    }
}

impl Tuning {
    /// The native client's options for the partitions of one thread.
    pub(crate) fn options(&self, native: &str, topic: &str, partitions: Vec<i32>) -> ConsumerOptions {
        let defaults = ConsumerOptions::new(native, topic);
        ConsumerOptions {
            access: Access { client_id: "perf-consumer".to_owned(), ..defaults.access },
            partitions,
            start: Start::Earliest,
            window_bytes: self.window_bytes,
            buffer_bytes: self.buffer_bytes,
            busy_poll: Duration::from_micros(self.busy_poll_us),
            check_crcs: !self.no_checksums,
            ..defaults
        }
    }

    /// What else one might have turned, one knob at a time: a name for each.
    #[must_use]
    pub fn variants(&self) -> Vec<(String, Tuning)> {
        let mut variants = Vec::new();
        for window_bytes in [256 << 10, 1 << 20, 16 << 20, 64 << 20] {
            variants.push((format!("--window-bytes {window_bytes}"), Tuning { window_bytes, ..self.clone() }));
        }
        for buffer_bytes in [64 << 10, 256 << 10, 4 << 20, 16 << 20] {
            variants.push((format!("--buffer-bytes {buffer_bytes}"), Tuning { buffer_bytes, ..self.clone() }));
        }
        for busy_poll_us in [20, 200] {
            variants.push((format!("--busy-poll-us {busy_poll_us}"), Tuning { busy_poll_us, ..self.clone() }));
        }
        variants.push(("--no-checksums".to_owned(), Tuning { no_checksums: true, ..self.clone() }));
        variants.push(("--threads 2".to_owned(), Tuning { threads: 2, ..self.clone() }));
        if !self.processors.is_empty() {
            variants.push(("no --processors".to_owned(), Tuning { processors: Vec::new(), ..self.clone() }));
        }
        variants
    }
}
