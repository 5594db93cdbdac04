//! Memory that is lent to answers: when it is much, because their readers are slow, reads spare it. They give what
//! files hold from there, and of what only memory holds a little, copied. So appends go on, and the readers do, too.

use crate::limits::SPARING_READ_BYTES;
use crate::partition::Partition;
use crate::read::{Place, View};
use crate::shared::Shared;

impl Shared {
    /// Whether so much memory is lent, to answers above all, that what is left is for appends.
    pub(crate) fn spares_memory(&self) -> bool {
        self.core.buffers().used_bytes().saturating_sub(self.tail_bytes()) > self.options.lent_bytes
    }
}

impl Partition {
    /// Where a read ends that would end at `to` and begins with the batch at `place`: where memory is to be spared,
    /// with what the file holds; if it does not hold that batch, soon.
    pub(crate) fn sparing_end(&self, view: &View, place: Place, to: u64) -> u64 {
        if !self.shared.spares_memory() {
            return to;
        }
        let first_end = place.position + place.bytes;
        let in_file = self.state.borrow_mut().segment(view.base).map_or(0, |segment| segment.destaged);
        let end = if first_end <= in_file { in_file } else { first_end.max(place.position + SPARING_READ_BYTES) };
        to.min(end)
    }
}
