//! What the journal holds of a segment, as one.

use std::collections::BTreeMap;

/// What the journal holds of a segment: runs of bytes by position, none touching another.
#[derive(Default)]
pub(crate) struct Overlay {
    pub(crate) runs: BTreeMap<u64, Vec<u8>>,
}

impl Overlay {
    /// Takes away what lies at `position` and behind.
    pub(crate) fn cut(&mut self, position: u64) {
        self.runs.split_off(&position);
        if let Some((start, run)) = self.runs.range_mut(..position).next_back() {
            run.truncate((position - start) as usize);
        }
    }

    /// Lays `bytes` at `position` over what is there.
    pub(crate) fn lay(&mut self, position: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let end = position + bytes.len() as u64;
        let (mut start, mut run) = (position, Vec::new());
        if let Some((before, held)) = self.runs.range_mut(..=position).next_back()
            && before + held.len() as u64 >= position
        {
            (start, run) = (*before, std::mem::take(held));
        }
        self.runs.remove(&start);
        let skip = (position - start) as usize;
        let rest = run.get(skip + bytes.len()..).map(<[u8]>::to_vec).unwrap_or_default();
        run.truncate(skip);
        run.extend_from_slice(bytes);
        run.extend_from_slice(&rest);
        while let Some((next, _)) = self.runs.range(start..=end).next().map(|(next, held)| (*next, held.len())) {
            let Some(held) = self.runs.remove(&next) else { break };
            let covered = (start + run.len() as u64 - next) as usize;
            run.extend_from_slice(held.get(covered..).unwrap_or_default());
        }
        self.runs.insert(start, run);
    }
}
