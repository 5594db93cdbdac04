//! A segment's most recent bytes, in memory.
//!
//! Invariants:
//! - The tail holds the segment's bytes from [`Tail::start`] to [`Tail::end`] without a gap, in chunks that mirror the
//!   file: each begins at a block boundary, and all but the last one with bytes in it are full.
//! - Bytes that were appended never change, so views of them may be under DMA or on a socket while more is appended.
//! - Chunks leave from the front only, and only when the segment's file holds all their bytes.

use std::collections::VecDeque;

use millrace_runtime::{AppendBuffer, BufferPool, Bytes, PoolExhausted};

use crate::limits::{BLOCK_BYTES, CHUNK_BYTES_MIN, CHUNK_GROWTH};

struct Chunk {
    /// Where in the segment its first byte lies.
    start: u64,
    buffer: AppendBuffer,
}

impl Chunk {
    fn end(&self) -> u64 {
        self.start + self.buffer.len() as u64
    }
}

/// See the invariants above.
pub(crate) struct Tail {
    chunks: VecDeque<Chunk>,
    end: u64,
    memory_bytes: usize,
}

impl Tail {
    /// An empty tail of a segment that holds `start` bytes; `start` lies on a block boundary.
    pub(crate) fn new(start: u64) -> Tail {
        assert!(start.is_multiple_of(BLOCK_BYTES), "a tail begins at a block, not at {start}");
        Tail { chunks: VecDeque::new(), end: start, memory_bytes: 0 }
    }

    /// Position in the segment of the first byte in memory (equal to [`Self::end`] when there is none).
    pub(crate) fn start(&self) -> u64 {
        self.chunks.front().map_or(self.end, |chunk| chunk.start)
    }

    /// Position in the segment of the next byte.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Bytes of memory that the chunks take.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    /// Bytes that [`Self::append`] can take now.
    pub(crate) fn room(&self) -> usize {
        self.chunks.iter().rev().map(|chunk| chunk.buffer.room()).take_while(|room| *room > 0).sum()
    }

    /// Makes room for `bytes` more, in chunks of at most `chunk_bytes_max` (a power of two of blocks). What that takes
    /// shows in [`Self::memory_bytes`].
    ///
    /// # Errors
    /// [`PoolExhausted`]; what was added until then stays.
    pub(crate) fn reserve(
        &mut self,
        pool: &BufferPool,
        bytes: usize,
        chunk_bytes_max: usize,
    ) -> Result<(), PoolExhausted> {
        let mut room = self.room();
        while room < bytes {
            let grown = self.chunks.back().map_or(CHUNK_BYTES_MIN, |chunk| chunk.buffer.capacity() * CHUNK_GROWTH);
            let wanted = (bytes - room).next_power_of_two();
            let capacity = grown.max(wanted).clamp(CHUNK_BYTES_MIN, chunk_bytes_max);
            let start = self.chunks.back().map_or(self.end, |chunk| chunk.start + chunk.buffer.capacity() as u64);
            let buffer = AppendBuffer::with_capacity(pool, capacity)?;
            assert!((buffer.capacity() as u64).is_multiple_of(BLOCK_BYTES), "a chunk is whole blocks");
            room += buffer.capacity();
            self.memory_bytes += buffer.capacity();
            self.chunks.push_back(Chunk { start, buffer });
        }
        Ok(())
    }

    /// Appends bytes for which [`Self::reserve`] has made room.
    pub(crate) fn append(&mut self, mut bytes: &[u8]) {
        let filled = |chunk: &Chunk| chunk.buffer.room() == 0;
        let mut index = self.chunks.iter().rposition(filled).map_or(0, |index| index + 1);
        while !bytes.is_empty() {
            let Some(chunk) = self.chunks.get_mut(index) else {
                panic!("append of {} bytes without room", bytes.len())
            };
            let (now, later) = bytes.split_at(bytes.len().min(chunk.buffer.room()));
            chunk.buffer.append(now);
            self.end += now.len() as u64;
            bytes = later;
            index += 1;
        }
    }

    /// The bytes from `from` to `to` (exclusive), or nothing when some of them are not in memory.
    pub(crate) fn view(&self, from: u64, to: u64) -> Option<Vec<Bytes>> {
        if from < self.start() || to > self.end || from > to {
            return None;
        }
        let mut parts = Vec::new();
        for chunk in self.chunks_from(from) {
            if chunk.start >= to {
                break;
            }
            let range = from.max(chunk.start) - chunk.start..to.min(chunk.end()) - chunk.start;
            if range.start < range.end {
                parts.push(chunk.buffer.view(range.start as usize..range.end as usize));
            }
        }
        Some(parts)
    }

    /// Copies the bytes at `from` into `target`; false when some of them are not in memory.
    pub(crate) fn copy(&self, from: u64, target: &mut [u8]) -> bool {
        if from < self.start() || from + target.len() as u64 > self.end {
            return false;
        }
        let mut target = target;
        for chunk in self.chunks_from(from) {
            let begin = (from.max(chunk.start) - chunk.start) as usize;
            let source = chunk.buffer.get(begin..).unwrap_or_default();
            let count = source.len().min(target.len());
            let (now, later) = std::mem::take(&mut target).split_at_mut(count);
            now.copy_from_slice(source.get(..count).unwrap_or_default());
            target = later;
            if target.is_empty() {
                break;
            }
        }
        target.is_empty()
    }

    fn chunks_from(&self, from: u64) -> impl Iterator<Item = &Chunk> {
        let first = self.chunks.partition_point(|chunk| chunk.start <= from).saturating_sub(1);
        self.chunks.range(first..)
    }

    /// Where the oldest chunk ends, if it is full: when the file has its bytes it may be given up.
    pub(crate) fn oldest_full_chunk_end(&self) -> Option<u64> {
        self.chunks.front().filter(|chunk| chunk.buffer.room() == 0).map(Chunk::end)
    }

    /// Gives up the oldest chunk; returns the bytes of memory that became free (unless views still hold it).
    pub(crate) fn evict_oldest(&mut self) -> usize {
        let freed = self.chunks.pop_front().map_or(0, |chunk| chunk.buffer.capacity());
        self.memory_bytes -= freed;
        freed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::CHUNK_BYTES_MAX;
    use crate::testing::on_sim;

    fn joined(parts: &[Bytes]) -> Vec<u8> {
        parts.iter().flat_map(|part| part.to_vec()).collect()
    }

    #[test]
    fn a_tail_is_the_files_bytes() {
        on_sim(1, async |core| {
            let mut tail = Tail::new(8192);
            let mut model: Vec<u8> = Vec::new();
            for step in 0..200_usize {
                let bytes: Vec<u8> = (0..(step * 37) % 5000 + 1).map(|index| (index * 7 + step) as u8).collect();
                tail.reserve(core.buffers(), bytes.len(), CHUNK_BYTES_MAX).unwrap();
                let (head, rest) = bytes.split_at(bytes.len() / 3);
                tail.append(head);
                tail.append(rest);
                model.extend_from_slice(&bytes);
            }
            assert_eq!(tail.end(), 8192 + model.len() as u64);
            for (from, to) in [(0, 1), (0, model.len()), (4095, 4097), (20_000, 70_123), (model.len(), model.len())] {
                let parts = tail.view(8192 + from as u64, 8192 + to as u64).unwrap();
                assert_eq!(joined(&parts), model[from..to], "{from}..{to}");
                let mut copy = vec![0; to - from];
                assert!(tail.copy(8192 + from as u64, &mut copy));
                assert_eq!(copy, model[from..to]);
            }
            let cut = tail.oldest_full_chunk_end().unwrap();
            assert_eq!(tail.evict_oldest(), CHUNK_BYTES_MIN);
            assert_eq!(tail.start(), cut);
            assert!(tail.view(8192, cut + 1).is_none());
            assert!(tail.view(cut, cut + 1).is_some());
        });
    }
}
