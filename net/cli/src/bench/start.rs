//! Brokers that `bench` starts itself, and where they keep their data meanwhile.

use std::path::{Path, PathBuf};

use clap::Args;
use millrace_load::start::StartSpec;

use super::options::parse_pair;
use crate::output::CliError;

#[derive(Args)]
pub(super) struct StartOptions {
    /// A broker to start for this, and end after it: {port} and {dir} stand for what it is to use; may be repeated
    #[arg(long, value_name = "NAME=COMMAND", value_parser = parse_pair)]
    start: Vec<(String, String)>,
    #[command(flatten)]
    pub(super) place: PlaceOptions,
}

/// Where started brokers run.
#[derive(Args)]
pub(super) struct PlaceOptions {
    /// The processors to pin started brokers to
    #[arg(long, value_name = "CPUS", value_delimiter = ',')]
    start_pin: Vec<usize>,
    /// Where started brokers keep their data; what they leave is removed
    #[arg(long, value_name = "DIR", env = "TMPDIR", default_value = "/var/tmp")]
    start_dir: PathBuf,
}

impl StartOptions {
    /// The brokers that are to be started.
    pub(super) fn specs(&self) -> Vec<StartSpec> {
        let spec = |(name, command): &(String, String)| StartSpec {
            name: name.clone(),
            command: command.clone(),
            processors: self.place.start_pin.clone(),
        };
        self.start.iter().map(spec).collect()
    }
}

impl PlaceOptions {
    /// This program's own broker, on so many cores; of the processors, on as many.
    pub(super) fn own_broker(&self, name: &str, cores: u16) -> Result<StartSpec, CliError> {
        let program = std::env::current_exe().map_err(CliError::file("this program's own path"))?;
        let serve = "serve --listen 127.0.0.1:{port} --data-dir {dir} --cores";
        Ok(StartSpec {
            name: name.to_owned(),
            command: format!("exec '{}' {serve} {cores}", program.display()),
            processors: self.start_pin.iter().copied().take(usize::from(cores)).collect(),
        })
    }

    /// The one that a broker on one core is pinned to.
    pub(super) fn first_processor(&self) -> Option<usize> {
        self.start_pin.first().copied()
    }

    /// A directory for what they store.
    pub(super) fn scratch(&self) -> Result<Scratch, CliError> {
        let path = self.start_dir.join(format!("millrace-bench-{}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(CliError::file(path.display().to_string()))?;
        Ok(Scratch(path))
    }
}

/// A directory that is removed in the end.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "what started brokers left could not be removed");
        }
    }
}
