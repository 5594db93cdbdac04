//! The broker: listeners, connections, dispatch to the owning core, a handler file per API.

mod address;
mod appending;
mod begin;
mod broker;
mod cleaning;
mod connection;
mod dispatch;
mod fetch_session;
mod frame;
mod groups;
mod handlers;
mod host;
mod http;
mod incoming;
mod internal_topics;
mod limits;
mod listener;
mod metadata_log;
mod metrics;
mod native;
mod partitions;
mod producer_ids;
mod quotas;
mod replay;
mod request;
mod response;
mod retention;
mod scatter;
mod serve;
mod server;
mod topic_configs;
mod transcoding;

pub use broker::{Broker, BrokerError};
pub use dispatch::CoreMessage;
pub use host::{Host, Room};
pub use serve::{ServeError, serve};
