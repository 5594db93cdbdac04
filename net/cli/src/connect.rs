//! How client subcommands find their broker.

use clap::Args;
use millrace_client::{ClientError, Cluster};

/// Which broker to speak to.
#[derive(Args)]
pub(crate) struct Server {
    /// Any broker of the cluster, Millrace or Kafka
    #[arg(long, value_name = "HOST:PORT", env = "MILLRACE_SERVER", default_value = "localhost:9092")]
    server: String,
}

impl Server {
    pub(crate) fn connect(&self) -> Result<Cluster, ClientError> {
        Cluster::connect(&self.server)
    }
}
