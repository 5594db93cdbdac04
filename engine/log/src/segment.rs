//! One segment of a partition's log: what is in its file, what is in memory, and what only the journal holds.
//!
//! Invariants:
//! - `destaged <= end`, and `destaged` lies on a block boundary until the segment is sealed. The file holds exactly the
//!   bytes `0..destaged` of the segment for good: while the segment is active each block is written once, whole.
//! - What is not in the file is in the tail (`tail.start() <= destaged`), and the part of it that is durable is in the
//!   journal, from the beginning of the block that `destaged` lies at. The one exception is a partial block that a
//!   clean stop left in the file (`protect_until`): it goes into the journal again before its block is rewritten.
//! - `durable <= submitted <= end`, and `durable <= visible <= end`.
//! - A sealed segment's file is exactly `end` bytes long and never changes again.

use std::collections::VecDeque;
use std::rc::Rc;

use millrace_base::ids::Offset;
use millrace_runtime::File;

use crate::index::Index;
use crate::journal::Sequence;
use crate::limits::{BLOCK_BYTES, block_floor};
use crate::rot::RotMap;
use crate::tail::Tail;

/// A commit that holds bytes which are not in the segment's file yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Redo {
    pub(crate) sequence: Sequence,
    /// Where the bytes that it holds end in the segment.
    pub(crate) end: u64,
}

/// Where a segment's index is.
pub(crate) enum IndexSlot {
    /// It grows with the segment.
    Growing(Index),
    /// It is complete, and in memory for now.
    Loaded(Rc<Index>),
    /// It is in its file, or has to be built.
    Stored,
}

/// See the invariants above. Positions are bytes from the beginning of the segment.
pub(crate) struct Segment {
    pub(crate) base_offset: Offset,
    /// Exclusive end of the segment's bytes: its valid length.
    pub(crate) end: u64,
    /// Exclusive end of what was submitted to the journal.
    pub(crate) submitted: u64,
    /// Exclusive end of what is durable.
    pub(crate) durable: u64,
    /// Exclusive end of what consumers may read; above `durable` only where acknowledgements do not wait for that.
    pub(crate) visible: u64,
    /// Exclusive end of what is in the file.
    pub(crate) destaged: u64,
    /// Exclusive end of a partial block that was loaded from the file and is not in the journal; 0 when there is none.
    pub(crate) protect_until: u64,
    /// Exclusive end of what was there when the log was opened.
    pub(crate) loaded: u64,
    pub(crate) tail: Tail,
    /// Open for direct writes until the segment is sealed.
    pub(crate) file: Option<File>,
    /// Exclusive end of the space that was reserved in the file.
    pub(crate) allocated: u64,
    /// The last time that space was reserved there was some.
    pub(crate) may_extend_ahead: bool,
    /// By sequence.
    pub(crate) redo: VecDeque<Redo>,
    pub(crate) index: IndexSlot,
    /// When the first append to it came since the log was opened, by the broker's clock, in Unix ms.
    pub(crate) first_append_ms: Option<i64>,
    /// That it was begun is durable: what lies below it may go.
    pub(crate) is_begun: bool,
    /// No more appends: a newer segment follows.
    pub(crate) is_closed: bool,
    /// All bytes are in the file, and the file is exactly as long as they are.
    pub(crate) is_sealed: bool,
    pub(crate) rot: RotMap,
    /// The swap that its file came with; 0 for a file that was appended to. Compaction leaves gaps between offsets.
    pub(crate) revision: u32,
    /// Redo of older generations is of files that it has replaced.
    pub(crate) generation: u32,
    /// The file of a replacement that does not have the segment's name yet, for readers.
    pub(crate) unnamed: Option<File>,
}

impl Segment {
    /// An empty segment, to be written. It counts as begun when that is durable.
    pub(crate) fn create(base_offset: Offset, file: File, allocated: u64) -> Segment {
        Segment {
            base_offset,
            end: 0,
            submitted: 0,
            durable: 0,
            visible: 0,
            destaged: 0,
            protect_until: 0,
            loaded: 0,
            tail: Tail::new(0),
            file: Some(file),
            allocated,
            may_extend_ahead: true,
            redo: VecDeque::new(),
            index: IndexSlot::Growing(Index::empty()),
            first_append_ms: None,
            is_begun: false,
            is_closed: false,
            is_sealed: false,
            rot: RotMap::default(),
            revision: 0,
            generation: 0,
            unnamed: None,
        }
    }

    /// A sealed segment, `end` bytes long, all in its file.
    pub(crate) fn stored(base_offset: Offset, end: u64) -> Segment {
        Segment {
            base_offset,
            end,
            submitted: end,
            durable: end,
            visible: end,
            destaged: end,
            protect_until: 0,
            loaded: end,
            tail: Tail::new(block_floor(end)),
            file: None,
            allocated: 0,
            may_extend_ahead: true,
            redo: VecDeque::new(),
            index: IndexSlot::Stored,
            first_append_ms: None,
            is_begun: true,
            is_closed: true,
            is_sealed: true,
            rot: RotMap::default(),
            revision: 0,
            generation: 0,
            unnamed: None,
        }
    }

    /// Whole blocks that are durable but not in the file: `from..to`.
    pub(crate) fn undestaged_blocks(&self) -> (u64, u64) {
        let from = block_floor(self.destaged);
        (from, block_floor(self.durable).max(from))
    }

    /// Whether the block at `destaged` holds bytes that must be in the journal before the block is rewritten, and are
    /// not.
    pub(crate) fn is_unprotected(&self) -> bool {
        self.protect_until > 0
    }

    /// Whether the byte at `position` is in memory, from an append: then it needs no check.
    pub(crate) fn is_ours(&self, position: u64) -> bool {
        position >= self.loaded && (self.tail.start()..self.tail.end()).contains(&position)
    }

    /// Notes that the file holds everything before `to`: redo of that is not needed any more.
    pub(crate) fn advance_destaged(&mut self, to: u64) {
        assert!(to >= self.destaged && to <= self.end, "destaged {} to {to} of {}", self.destaged, self.end);
        assert!(to.is_multiple_of(BLOCK_BYTES) || to == self.end, "a part of a block was destaged");
        self.destaged = to;
        self.redo.retain(|redo| redo.end > to);
    }

    /// Notes a commit that holds the bytes up to `end`, from the block at `destaged` on or from the end of the commit
    /// before.
    pub(crate) fn note_redo(&mut self, sequence: Sequence, end: u64) {
        if end > self.destaged {
            self.redo.push_back(Redo { sequence, end });
        }
    }
}
