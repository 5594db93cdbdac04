//! What of a partition can be cleaned, and whether it should be.
//!
//! The rules are Kafka's: the active segment is never cleaned, nor one with a record that is too young; what is dirty
//! is what lies behind the last cleaning's end.

use std::rc::Rc;

use millrace_base::ids::Offset;
use millrace_base::topic_config::Compaction;

use crate::error::ReadError;
use crate::limits::SEGMENT_BYTES_MAX;
use crate::partition::{Partition, State};

/// What of a partition can be cleaned now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cleanable {
    /// Bytes of segments that were cleaned before.
    pub clean_bytes: u64,
    /// Bytes of segments that can be cleaned for the first time.
    pub dirty_bytes: u64,
    /// A record has been uncompacted for longer than `max.compaction.lag.ms`.
    pub is_overdue: bool,
    /// The first offset that was not cleaned (inclusive).
    pub(super) dirty_from: Offset,
    /// Where the first segment begins that cannot be cleaned (exclusive end).
    pub(super) until: Offset,
}

impl Cleanable {
    /// The fraction of the bytes that was never cleaned, from 0 to 1.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        let total = self.clean_bytes + self.dirty_bytes;
        if total == 0 { 0.0 } else { self.dirty_bytes as f64 / total as f64 }
    }

    /// Whether it is worth while by the topic's settings.
    #[must_use]
    pub fn is_due(&self, compaction: &Compaction) -> bool {
        (self.is_overdue && self.dirty_bytes > 0) || self.ratio() > compaction.dirty_ratio_min
    }
}

/// A segment that can be cleaned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) base: Offset,
    /// Exclusive end of its offsets: the next segment's base offset.
    pub(super) next: Offset,
    /// In bytes.
    pub(super) end: u64,
}

impl Partition {
    /// What can be cleaned now (`now_ms`, Unix ms), if the topic is compacted and nothing speaks against it.
    ///
    /// # Errors
    /// The log is unavailable, or a segment's index cannot be read.
    pub async fn cleanable(self: &Rc<Self>, now_ms: i64) -> Result<Option<Cleanable>, ReadError> {
        self.check()?;
        let Some(compaction) = self.config().compaction else { return Ok(None) };
        if self.state.borrow().uncleanable.is_some() {
            return Ok(None);
        }
        let found = self.unless_replaced(async || self.find_cleanable(&compaction, now_ms).await).await?;
        Ok(Some(found))
    }

    /// Why it is not cleaned any more, if so: damage was found in it. Kafka calls that an uncleanable partition.
    pub fn uncleanable(&self) -> Option<String> {
        self.state.borrow().uncleanable.clone()
    }

    async fn find_cleanable(self: &Rc<Self>, compaction: &Compaction, now_ms: i64) -> Result<Cleanable, ReadError> {
        let (dirty_from, parts) = {
            let state = self.state.borrow();
            (state.cleaned_to.max(state.log_start), state.sealed_parts())
        };
        let mut until = parts.first().map_or(dirty_from, |first| first.base);
        let (mut clean_bytes, mut dirty_bytes) = (0, 0);
        let mut is_overdue = false;
        for part in &parts {
            let is_dirty = part.next > dirty_from;
            if is_dirty && (compaction.lag_ms_min > 0 || compaction.lag_ms_max < i64::MAX) {
                let index = self.full_index(part.base).await?;
                let is_too_young = index.max_timestamp > now_ms.saturating_sub(compaction.lag_ms_min);
                if compaction.lag_ms_min > 0 && is_too_young {
                    break;
                }
                let latest = now_ms.saturating_sub(compaction.lag_ms_max);
                is_overdue |= index.first_timestamp.is_some_and(|first| first > 0 && first < latest);
            }
            *(if is_dirty { &mut dirty_bytes } else { &mut clean_bytes }) += part.end;
            until = part.next;
        }
        Ok(Cleanable { clean_bytes, dirty_bytes, is_overdue, dirty_from, until })
    }
}

impl State {
    /// The segments that do not change any more, as far as no other lies between them.
    pub(super) fn sealed_parts(&self) -> Vec<Part> {
        let pairs = self.segments.iter().zip(self.segments.iter().skip(1));
        pairs
            .take_while(|(segment, next)| segment.is_sealed && segment.unnamed.is_none() && next.is_begun)
            .map(|(segment, next)| Part { base: segment.base_offset, next: next.base_offset, end: segment.end })
            .collect()
    }
}

/// Puts neighbours together whose bytes fit into one segment, as Kafka does.
pub(super) fn groups(parts: &[Part], segment_bytes: u64) -> Vec<Vec<Part>> {
    let bytes_max = segment_bytes.min(SEGMENT_BYTES_MAX);
    let mut groups: Vec<Vec<Part>> = Vec::new();
    let mut bytes = 0;
    for part in parts {
        let fits = groups
            .last()
            .and_then(|group| group.first())
            .is_some_and(|first| bytes + part.end <= bytes_max && part.next - first.base <= Offset::from(i32::MAX));
        match groups.last_mut() {
            Some(group) if fits => {
                group.push(*part);
                bytes += part.end;
            }
            _ => {
                groups.push(vec![*part]);
                bytes = part.end;
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_put_together_as_far_as_they_fit() {
        let part = |base: Offset, next: Offset, end: u64| Part { base, next, end };
        let parts = [part(0, 10, 40), part(10, 20, 60), part(20, 30, 1), part(30, 40, 200), part(40, 50, 10)];
        let grouped: Vec<usize> = groups(&parts, 100).iter().map(Vec::len).collect();
        assert_eq!(grouped, [2, 1, 1, 1]);
        let far = [part(0, 10, 1), part(10, 1 << 31, 1), part((1 << 31) + 5, (1 << 31) + 6, 1)];
        let grouped: Vec<usize> = groups(&far, 100).iter().map(Vec::len).collect();
        assert_eq!(grouped, [1, 2], "offsets in a file are 31 bits wide");
    }

    #[test]
    fn a_partition_is_due_above_its_ratio_or_when_it_has_waited_too_long() {
        let compaction = Compaction::default();
        let cleanable = |clean_bytes, dirty_bytes, is_overdue| {
            let found = Cleanable { clean_bytes, dirty_bytes, is_overdue, dirty_from: 0, until: 0 };
            found.is_due(&compaction)
        };
        assert!(!cleanable(50, 50, false) && cleanable(49, 51, false));
        assert!(cleanable(50, 1, true) && !cleanable(50, 0, true) && !cleanable(0, 0, false));
    }
}
