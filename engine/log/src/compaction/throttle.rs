//! How fast the cleaner may read and write.

use std::time::Duration;

use millrace_runtime::{Core, Monotonic};

/// What is allowed is a rate; work that runs ahead of it waits. A pause saves nothing up.
pub(super) struct Throttle {
    bytes_per_second: f64,
    /// When what was done so far is paid for.
    paid_until: Monotonic,
}

impl Throttle {
    pub(super) fn new(bytes_per_second: f64) -> Throttle {
        Throttle { bytes_per_second, paid_until: Monotonic::ZERO }
    }

    /// Accounts for `bytes`, and waits as long as that is ahead of the rate; lets others run in any case.
    pub(super) async fn pay(&mut self, core: &Core, bytes: u64) {
        let now = core.now();
        let cost = Duration::try_from_secs_f64(bytes as f64 / self.bytes_per_second).unwrap_or(Duration::MAX);
        self.paid_until = self.paid_until.max(now) + cost;
        core.yield_now().await;
        let ahead = self.paid_until.since(core.now());
        if ahead >= Duration::from_millis(1) {
            core.sleep(ahead).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::on_sim;

    #[test]
    fn work_goes_at_the_rate_that_is_allowed() {
        on_sim(1, async |core| {
            let begun = core.now();
            let mut throttle = Throttle::new(1_000_000.0);
            for _ in 0..100 {
                throttle.pay(&core, 50_000).await;
            }
            let took = core.now().since(begun);
            assert!((Duration::from_millis(4_990)..Duration::from_millis(5_100)).contains(&took), "{took:?}");
            let mut free = Throttle::new(f64::MAX);
            let begun = core.now();
            free.pay(&core, u64::MAX).await;
            assert!(core.now().since(begun) < Duration::from_millis(1));
        });
    }
}
