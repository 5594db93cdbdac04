//! Brokers that are started for a comparison, and ended after it.

use std::fs::File;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use millrace_client::Cluster;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::error::LoadError;
use crate::run::pin_this_thread;

/// How long a broker may take until it answers, and until it has ended.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether it answers.
const ASK: Duration = Duration::from_millis(1);
/// How often it is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(20);

/// A broker to be started by a command of the shell, in which `{port}` and `{dir}` stand for what it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartSpec {
    /// Its name in reports.
    pub name: String,
    /// The command. It stays in the foreground.
    pub command: String,
    /// The processors that it is pinned to; none: as this process.
    pub processors: Vec<usize>,
}

/// A broker that was started; ended when this is dropped.
pub struct Started {
    child: Child,
    directory: PathBuf,
    /// From the start of its command until it had answered ApiVersions and Metadata.
    pub answered_after: Duration,
    /// Where it listens.
    pub address: String,
}

impl StartSpec {
    /// Starts it on a free port, with a directory of its name below `parent` for its data, and waits until it answers.
    /// The directory is made if there is none, and opened with what it holds otherwise.
    ///
    /// # Errors
    /// [`LoadError::Start`] with the end of its output when it does not.
    pub fn start(&self, parent: &Path) -> Result<Started, LoadError> {
        let port = free_port()?;
        let directory = parent.join(&self.name);
        fs::create_dir_all(&directory).map_err(LoadError::file(directory.display().to_string()))?;
        let command = self.command.replace("{port}", &port.to_string());
        let command = command.replace("{dir}", &directory.display().to_string());
        let output_path = directory.with_extension("log");
        let output = File::create(&output_path).map_err(LoadError::file(output_path.display().to_string()))?;
        let errors = output.try_clone().map_err(LoadError::file("a descriptor"))?;
        let mut shell = Command::new("sh");
        // A group of its own: Ctrl-C is for the load, and the end for all that the command has started.
        shell.args(["-c", &command]).process_group(0).stdin(Stdio::null()).stdout(output).stderr(errors);
        let began = Instant::now();
        let child = self.pinned(|| shell.spawn().map_err(LoadError::file("sh")))?;
        let (address, answered_after) = (format!("127.0.0.1:{port}"), Duration::ZERO);
        let mut started = Started { child, directory, answered_after, address };
        started.await_answer(&self.name, &output_path)?;
        started.answered_after = began.elapsed();
        Ok(started)
    }

    /// What is started by a thread may run where the thread may.
    fn pinned<T>(&self, start: impl FnOnce() -> Result<T, LoadError>) -> Result<T, LoadError> {
        let [first, rest @ ..] = self.processors.as_slice() else { return start() };
        let this_thread = Pid::from_raw(0);
        let failed = |error| LoadError::Spec(format!("the processors {:?} cannot be used: {error}", self.processors));
        let before = sched_getaffinity(this_thread).map_err(failed)?;
        pin_this_thread(*first)?;
        if !rest.is_empty() {
            let mut processors = CpuSet::new();
            for processor in &self.processors {
                processors.set(*processor).map_err(failed)?;
            }
            sched_setaffinity(this_thread, &processors).map_err(failed)?;
        }
        let started = start();
        sched_setaffinity(this_thread, &before).map_err(failed)?;
        started
    }
}

impl Started {
    fn await_answer(&mut self, name: &str, output: &Path) -> Result<(), LoadError> {
        let deadline = Instant::now() + PATIENCE;
        let why = loop {
            match Cluster::connect(&self.address) {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > deadline => break format!("does not answer: {error}"),
                Err(_) => {}
            }
            let ended = self.child.try_wait().map_err(LoadError::file("the started broker"))?;
            if let Some(status) = ended {
                break format!("ended ({status}) before it answered");
            }
            thread::sleep(ASK);
        };
        let printed = fs::read_to_string(output).unwrap_or_default();
        Err(LoadError::Start(format!("broker {name:?} {why}; it printed:\n{}", tail(&printed))))
    }

    /// Its directory, for what it holds.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let group = Pid::from_raw(self.child.id().cast_signed());
        // A group that has ended already is as ended as can be; it is waited for in any case.
        let mut has_ended = killpg(group, Signal::SIGTERM).is_err();
        let deadline = Instant::now() + PATIENCE;
        while !has_ended && Instant::now() < deadline {
            has_ended = matches!(self.child.try_wait(), Ok(Some(_)) | Err(_));
            thread::sleep(LOOK);
        }
        let killed = killpg(group, Signal::SIGKILL);
        let waited = self.child.wait();
        tracing::debug!(?killed, ?waited, "a started broker has ended");
    }
}

/// A port that nobody listens on just now.
fn free_port() -> Result<u16, LoadError> {
    let probe = TcpListener::bind("127.0.0.1:0").and_then(|probe| probe.local_addr());
    Ok(probe.map_err(LoadError::file("a free port"))?.port())
}

fn tail(text: &str) -> String {
    const LINES: usize = 20;
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default().join("\n")
}
