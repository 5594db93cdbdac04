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

#[cfg(test)]
mod tests {
    use super::*;

    /// Byte by byte, what the runs hold.
    fn bytes_of(overlay: &Overlay) -> BTreeMap<u64, u8> {
        let of_run = |(start, run): (&u64, &Vec<u8>)| (*start..).zip(run.clone()).collect::<Vec<_>>();
        overlay.runs.iter().flat_map(of_run).collect()
    }

    fn assert_apart(overlay: &Overlay) {
        let ends = overlay.runs.iter().map(|(start, run)| (*start, start + run.len() as u64)).collect::<Vec<_>>();
        assert!(ends.windows(2).all(|pair| pair[0].1 < pair[1].0), "runs touch: {ends:?}");
        assert!(ends.iter().all(|(start, end)| start < end), "a run is empty: {ends:?}");
    }

    /// Marsaglia's xorshift64.
    fn random(state: &mut u64, below: u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state % below
    }

    #[test]
    fn the_newest_bytes_lie_where_they_were_laid() {
        let mut state = 0x9e37_79b9_7f4a_7c15;
        for _ in 0..500 {
            let (mut overlay, mut model) = (Overlay::default(), BTreeMap::new());
            for step in 0..20_u8 {
                let position = random(&mut state, 40);
                if random(&mut state, 8) == 0 {
                    overlay.cut(position);
                    model.split_off(&position);
                } else {
                    let bytes = vec![step; random(&mut state, 12) as usize];
                    overlay.lay(position, &bytes);
                    model.extend((position..).zip(bytes));
                }
                assert_eq!(bytes_of(&overlay), model);
                assert_apart(&overlay);
            }
        }
    }
}
