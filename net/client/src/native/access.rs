//! How a client reaches its topic, at first and again.

use std::time::Duration;

use super::links::{Links, Topic};
use crate::error::ClientError;
use crate::retry::{Patience, RETRY_LIMIT};

/// Where a topic is, and how long it is looked for.
#[derive(Clone, Debug)]
pub struct Access {
    /// A native port of the broker, as `HOST:PORT`: any of them will do.
    pub bootstrap: String,
    /// What the client calls itself; quotas go by it.
    pub client_id: String,
    /// The topic.
    pub topic: String,
    /// How long a lost connection is tried again.
    pub retry: Duration,
}

impl Access {
    /// The defaults.
    #[must_use]
    pub fn new(bootstrap: &str, topic: &str) -> Self {
        Self {
            bootstrap: bootstrap.to_owned(),
            client_id: "millrace-native".to_owned(),
            topic: topic.to_owned(),
            retry: RETRY_LIMIT,
        }
    }

    /// Connects, and finds the topic.
    pub(super) fn connect(&self, buffer_bytes: usize) -> Result<(Links, Topic), ClientError> {
        let mut links = Links::open(&self.bootstrap, &self.client_id, buffer_bytes)?;
        let topic = links.locate(&self.topic)?;
        Ok((links, topic))
    }
}

/// After `error`: attempts until one works, one fails for good, or it was tried for `retry`.
///
/// # Errors
/// The last attempt's, or `error` itself.
pub(super) fn again(
    retry: Duration,
    mut error: ClientError,
    mut attempt: impl FnMut() -> Result<(), ClientError>,
) -> Result<(), ClientError> {
    let mut patience = Patience::new(retry);
    loop {
        patience.pause_after(error)?;
        match attempt() {
            Ok(()) => return Ok(()),
            Err(later) => error = later,
        }
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
    fn what_may_pass_is_tried_until_it_works() {
        let mut left = 2;
        let done = again(RETRY_LIMIT, refused(ErrorCode::NotLeaderOrFollower), || {
            left -= 1;
            if left == 0 { Ok(()) } else { Err(refused(ErrorCode::NotLeaderOrFollower)) }
        });
        assert!(done.is_ok() && left == 0);
    }

    #[test]
    fn what_will_not_pass_is_told_at_once() {
        let failed = again(RETRY_LIMIT, refused(ErrorCode::TopicAuthorizationFailed), || panic!("it is tried again"));
        assert_eq!(failed.unwrap_err().code(), Some(ErrorCode::TopicAuthorizationFailed));
        let mut attempts = 0;
        let failed = again(RETRY_LIMIT, refused(ErrorCode::NotLeaderOrFollower), || {
            attempts += 1;
            Err(ClientError::UnknownTopic("t".to_owned()))
        });
        assert!(matches!(failed, Err(ClientError::UnknownTopic(_))) && attempts == 1);
    }
}
