//! Runs a broker on this machine: looks at what the machine offers, gives each core a processor and a ring, and ends
//! when the process is asked to.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;

use millrace_base::broker_config::{BrokerConfig, Cores};
use millrace_log::LogOptions;
use millrace_runtime::probe::{self, Finding, Severity};
use millrace_runtime::uring::{self, HostError, HostOptions};
use nix::sched::{CpuSet, sched_getaffinity};
use nix::sys::statvfs::statvfs;
use nix::unistd::{Pid, gethostname};
use thiserror::Error;
use tracing::{debug, warn};

use crate::broker::{Broker, BrokerError};
use crate::host::{Host, Room};

/// Why a broker did not start, or did not end well.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The machine does not offer what is needed.
    #[error("this host cannot run the broker: {0}")]
    Host(String),
    /// The cores could not be started.
    #[error(transparent)]
    Cores(#[from] HostError),
    /// The broker itself.
    #[error(transparent)]
    Broker(#[from] BrokerError),
}

impl ServeError {
    /// The process's exit code: each cause has its own.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Host(_) => 10,
            Self::Cores(_) => 11,
            Self::Broker(BrokerError::Storage(_)) => 12,
            Self::Broker(BrokerError::Listen { .. }) => 13,
        }
    }
}

/// Runs a broker until it is asked to end (SIGTERM, SIGINT).
///
/// # Errors
/// [`ServeError`] when it could not start, or not everything could be written at the end.
pub fn serve(config: BrokerConfig) -> Result<(), ServeError> {
    check_host(&config.log_dir)?;
    let options = HostOptions {
        cores: processors(&config.engine.cores)?,
        host: config.engine.host,
        network: config.engine.network,
        buffers_bytes_per_core: config.engine.core_bytes,
        ..HostOptions::default()
    };
    let broker = Arc::new(Broker::new(config, options.cores.len(), Arc::new(ThisHost::new()?), LogOptions::default()));
    let of_cores = Arc::clone(&broker);
    uring::run(options, move |core, mailbox| Arc::clone(&of_cores).run_core(core, mailbox))?;
    broker.take_failure().map_or(Ok(()), |error| Err(error.into()))
}

/// Looks at what the machine offers, and says what is missing.
fn check_host(directory: &Path) -> Result<(), ServeError> {
    let unusable = |error| BrokerError::Storage(format!("the data directory {}: {error}", directory.display()));
    std::fs::create_dir_all(directory).map_err(unusable)?;
    for finding in probe::check(directory).findings() {
        let Finding { subject, found, advice, .. } = finding;
        match finding.severity {
            Severity::Good => debug!("{subject}: {found}"),
            Severity::Warning => warn!("{subject}: {found}; {advice}"),
            Severity::Fatal => return Err(ServeError::Host(format!("{subject}: {found}; {advice}"))),
        }
    }
    Ok(())
}

/// The processor of each core.
fn processors(cores: &Cores) -> Result<Vec<Option<usize>>, ServeError> {
    let unknown = |error| ServeError::Host(format!("its processors cannot be counted: {error}"));
    let set = sched_getaffinity(Pid::from_raw(0)).map_err(unknown)?;
    let allowed: Vec<usize> = (0..CpuSet::count()).filter(|cpu| set.is_set(*cpu).unwrap_or(false)).collect();
    let chosen = match cores {
        Cores::All => allowed,
        Cores::Count(count) if *count > allowed.len() => {
            let usable = allowed.len();
            return Err(ServeError::Host(format!("{count} cores are asked for, and the process may use {usable}")));
        }
        Cores::Count(count) => allowed.into_iter().take(*count).collect(),
        Cores::List(list) => list.clone(),
    };
    Ok(chosen.into_iter().map(Some).collect())
}

/// The machine that this process runs on.
struct ThisHost {
    name: String,
}

impl ThisHost {
    fn new() -> Result<Self, ServeError> {
        let name = gethostname().map_err(|error| ServeError::Host(format!("it has no name: {error}")))?;
        Ok(Self { name: name.to_string_lossy().into_owned() })
    }
}

impl Host for ThisHost {
    fn name(&self) -> &str {
        &self.name
    }

    fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok((host, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
    }

    fn room(&self, directory: &Path) -> io::Result<Room> {
        let found = statvfs(directory)?;
        let bytes = |blocks: u64| blocks.saturating_mul(found.fragment_size());
        Ok(Room { total_bytes: bytes(found.blocks()), usable_bytes: bytes(found.blocks_available()) })
    }

    fn announce(&self, listener: &str, address: SocketAddr) {
        // Whoever started the broker may have stopped reading.
        if let Err(error) = writeln!(io::stdout(), "listening on {listener}://{address}") {
            debug!(%error, "standard output is closed");
        }
    }
}
