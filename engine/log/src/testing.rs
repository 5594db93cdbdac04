//! What the tests of this crate share.

use millrace_runtime::{Core, sim};

/// Runs a test on one core of a simulated host.
pub(crate) fn on_sim<T: 'static>(seed: u64, test: impl AsyncFnOnce(Core) -> T + 'static) -> T {
    sim::block_on(seed, test)
}
