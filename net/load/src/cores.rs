//! The price of another core: whether a broker's two cores shared a load, told by what each of them did meanwhile.
//!
//! Kafka's protocol does not say which core has a connection, or owns a partition. A core that has neither the
//! connection nor a partition does nothing; one that has either works. So a load on one connection whose partitions
//! lie on one core keeps one core busy, or two.

use crate::error::LoadError;
use crate::process::Process;

/// Threads of a broker that run a core have this name, and the core's number behind it.
const CORE_THREAD: &str = "core-";
/// A core that did less than this share of what the other one did had no part in the load.
const PART_MIN: f64 = 0.125;

/// On which core the partitions were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// On the one that has the connection.
    Own,
    /// On the other one.
    Other,
}

impl Side {
    /// The name for reports of a run on two cores.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Side::Own => "two-cores-own",
            Side::Other => "two-cores-other",
        }
    }
}

/// A look at what each core of a broker has done, in seconds of processor time.
#[derive(Clone, Debug)]
pub struct CoreTimes([f64; 2]);

impl CoreTimes {
    /// Looks at a broker of two cores.
    ///
    /// # Errors
    /// [`LoadError::Spec`] when it has not two, [`LoadError::File`] when it has ended.
    pub fn of(broker: &Process) -> Result<CoreTimes, LoadError> {
        let threads = broker.threads()?;
        let cores: Vec<f64> =
            threads.iter().filter(|(name, _)| name.starts_with(CORE_THREAD)).map(|(_, cpu_s)| *cpu_s).collect();
        let count = cores.len();
        let wrong = |_| LoadError::Spec(format!("the broker has {count} threads called {CORE_THREAD}N instead of two"));
        cores.try_into().map(CoreTimes).map_err(wrong)
    }

    /// Where the partitions were of the load that ran since an earlier look.
    #[must_use]
    pub fn side_since(&self, earlier: &CoreTimes) -> Side {
        let [first, second] = [self.0[0] - earlier.0[0], self.0[1] - earlier.0[1]];
        if first.min(second) > PART_MIN * first.max(second) { Side::Other } else { Side::Own }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_that_did_nothing_had_no_part() {
        let before = CoreTimes([3.0, 5.0]);
        assert_eq!(CoreTimes([4.0, 5.0]).side_since(&before), Side::Own);
        assert_eq!(CoreTimes([3.01, 6.0]).side_since(&before), Side::Own);
        assert_eq!(CoreTimes([3.4, 6.0]).side_since(&before), Side::Other);
        assert_eq!(CoreTimes([4.0, 6.0]).side_since(&before), Side::Other);
    }
}
