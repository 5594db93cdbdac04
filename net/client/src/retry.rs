//! How long, and how often, to try again what Kafka's clients try again.

use std::thread;
use std::time::{Duration, Instant};

use crate::error::ClientError;

/// How long a call is tried again when the cluster says that it will work in a moment.
pub const RETRY_LIMIT: Duration = Duration::from_secs(30);
/// Pause before the second attempt; it doubles with every further one (`retry.backoff.ms`).
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// The longest pause (`retry.backoff.max.ms`).
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// What is left of the time for one call and its repetitions.
#[derive(Clone, Debug)]
pub struct Patience {
    deadline: Instant,
    pause: Duration,
}

impl Patience {
    /// From now on, so long.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self { deadline: Instant::now() + limit, pause: PAUSE_MIN }
    }

    /// Waits before the next attempt; `false`, at once, when there is no time left for one.
    #[must_use]
    pub fn pause(&mut self) -> bool {
        if Instant::now() + self.pause > self.deadline {
            return false;
        }
        thread::sleep(self.pause);
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        true
    }

    /// Waits before the next attempt after one that failed.
    ///
    /// # Errors
    /// `error`, the failed attempt's, when it is of no use to try again or the time is up.
    pub fn pause_after(&mut self, error: ClientError) -> Result<(), ClientError> {
        if error.is_retriable() && self.pause() { Ok(()) } else { Err(error) }
    }
}

impl Default for Patience {
    /// [`RETRY_LIMIT`] from now on.
    fn default() -> Self {
        Self::new(RETRY_LIMIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millrace_base::code::ErrorCode;

    fn refused(code: ErrorCode) -> ClientError {
        ClientError::refused("a call", code.code(), None)
    }

    #[test]
    fn what_will_never_work_is_not_tried_again() {
        for code in [ErrorCode::MessageTooLarge, ErrorCode::TopicAlreadyExists, ErrorCode::OffsetOutOfRange] {
            assert!(Patience::default().pause_after(refused(code)).is_err(), "{code}");
        }
    }

    #[test]
    fn what_will_work_in_a_moment_is_tried_again_until_the_time_is_up() {
        for code in [ErrorCode::LeaderNotAvailable, ErrorCode::NotLeaderOrFollower, ErrorCode::NotController] {
            assert!(Patience::default().pause_after(refused(code)).is_ok(), "{code}");
            assert!(Patience::new(Duration::ZERO).pause_after(refused(code)).is_err(), "{code}");
        }
    }
}
