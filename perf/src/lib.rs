//! The tuned consumer: reads a topic by the native protocol, as fast as this machine and the broker can, and says what
//! it took. `perf/README.md` explains each knob of [`Tuning`], with its measured effect.

pub mod compare;
pub mod error;
pub mod fill;
pub mod measured;
pub mod rival;
pub mod tuned;
pub mod tuning;

pub use error::PerfError;
pub use measured::Measured;
pub use tuning::Tuning;
