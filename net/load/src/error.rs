//! What ends a measurement.

use std::io;
use std::net::SocketAddr;

use millrace_client::ClientError;
use millrace_record::RecordError;
use millrace_runtime::uring::HostError;
use millrace_wire::WireError;
use millrace_wire::frame::FrameError;
use thiserror::Error;

/// Why a measurement could not be made, or was cut short.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The options contradict each other, or the broker cannot do what they ask for.
    #[error("{0}")]
    Spec(String),
    /// Preparing it failed.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A thread of the load could not be started.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A connection failed while it ran.
    #[error("the connection to {peer} failed: {source}")]
    Connection {
        /// To whom.
        peer: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// An answer that cannot be read.
    #[error("unreadable {message}: {source}")]
    Answer {
        /// The message's name.
        message: &'static str,
        /// Why.
        source: WireError,
    },
    /// A frame of impossible length.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// An answer to another question than the oldest one.
    #[error("{peer} answered request {found} where {expected:?} was next")]
    OutOfOrder {
        /// Who.
        peer: SocketAddr,
        /// The correlation id that was next, if any request was under way.
        expected: Option<i32>,
        /// The one that came.
        found: i32,
    },
    /// Records that cannot be made or read.
    #[error("partition {partition}: {source}")]
    Records {
        /// Whose.
        partition: i32,
        /// What is wrong with them.
        source: RecordError,
    },
    /// Somebody at the terminal asked for the end, before there was anything to report.
    #[error("interrupted")]
    Interrupted,
    /// A broker to be started did not come up.
    #[error("{0}")]
    Start(String),
    /// A file of the report, or of /proc.
    #[error("{what}: {source}")]
    File {
        /// Which.
        what: String,
        /// Why.
        source: io::Error,
    },
}

impl LoadError {
    pub(crate) fn file(what: impl Into<String>) -> impl FnOnce(io::Error) -> LoadError {
        let what = what.into();
        move |source| LoadError::File { what, source }
    }
}
