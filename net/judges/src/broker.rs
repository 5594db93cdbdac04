//! A broker under judgement: started as a process of its own on a free port, killed when it goes out of scope.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::process::{reference_script, repository};
use crate::wire::Connection;

/// How long a broker may take until it answers, and until it has stopped.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a broker that does not answer yet is asked.
const ASK_AGAIN: Duration = Duration::from_millis(1);

/// Whose broker it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The binary `millrace`: `$MILLRACE_BIN`, or the release build in the repository's target directory.
    Millrace,
    /// Apache Kafka, by `scripts/reference`.
    Reference,
}

impl Kind {
    /// `$MILLRACE_JUDGE`: `millrace` (also when unset) or `reference`.
    #[must_use]
    pub fn from_environment() -> Self {
        match std::env::var("MILLRACE_JUDGE").as_deref() {
            Ok("reference") => Self::Reference,
            Ok("millrace") | Err(_) => Self::Millrace,
            Ok(other) => panic!("MILLRACE_JUDGE is `millrace` or `reference`, not `{other}`"),
        }
    }

    /// The name for reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Millrace => "millrace",
            Self::Reference => "reference",
        }
    }
}

/// How a broker is started.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Whose broker.
    pub kind: Kind,
    /// Millrace's `--cores`; the reference does not know it.
    pub cores: u32,
    /// The processor that the whole process is bound to, if to one.
    pub processor: Option<usize>,
    /// Added to the command line.
    pub arguments: Vec<String>,
}

impl Setup {
    /// The broker that `MILLRACE_JUDGE` names, with as many cores.
    #[must_use]
    pub fn of_environment(cores: u32) -> Self {
        Self { kind: Kind::from_environment(), cores, processor: None, arguments: Vec::new() }
    }
}

/// A running broker and its directory.
pub struct Broker {
    setup: Setup,
    directory: PathBuf,
    port: u16,
    child: Child,
}

impl Broker {
    /// Starts a broker on a free port of the loopback interface and waits until it answers. Its data is in
    /// `directory`/data.
    #[must_use]
    pub fn start(setup: Setup, directory: &Path) -> Self {
        let mut broker = Self::spawn(setup, directory);
        broker.await_answer();
        broker
    }

    /// The same without waiting: the process may not listen yet.
    #[must_use]
    pub fn spawn(setup: Setup, directory: &Path) -> Self {
        let port = free_port();
        let child = launch(&setup, directory, port);
        Self { setup, directory: directory.to_owned(), port, child }
    }

    /// Starts it again on the same port and data after [`Broker::kill`] or [`Broker::stop`], and waits until it
    /// answers.
    pub fn restart(&mut self) {
        self.child = launch(&self.setup, &self.directory, self.port);
        self.await_answer();
    }

    /// Waits until it answers ApiVersions.
    pub fn await_answer(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match Connection::open(&self.address()).and_then(|mut connection| connection.api_versions()) {
                Ok(_) => return,
                Err(error) if Instant::now() > deadline => {
                    panic!("no answer within {PATIENCE:?}: {error}\n{}", self.log_tail())
                }
                Err(_) => {}
            }
            if let Some(status) = self.child.try_wait().expect("the broker is our child") {
                panic!("the broker ended with {status} before it answered\n{}", self.log_tail());
            }
            thread::sleep(ASK_AGAIN);
        }
    }

    /// Starts it again after [`Broker::kill`], and kills it once more after a while, whether it answers by then or not.
    pub fn kill_while_starting(&mut self, after: Duration) {
        self.child = launch(&self.setup, &self.directory, self.port);
        thread::sleep(after);
        self.assert_alive();
        self.kill();
    }

    /// Kills it as a power switch would (SIGKILL), and waits for its end.
    pub fn kill(&mut self) {
        self.child.kill().expect("the broker is our child");
        self.child.wait().expect("the broker is our child");
    }

    /// Asks it to stop (SIGTERM), and waits for its end.
    pub fn stop(&mut self) -> ExitStatus {
        kill(self.pid(), Signal::SIGTERM).expect("the broker runs");
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("the broker is our child") {
                return status;
            }
            assert!(Instant::now() < deadline, "still there {PATIENCE:?} after SIGTERM\n{}", self.log_tail());
            thread::sleep(ASK_AGAIN);
        }
    }

    /// Panics with the end of its log if the process has ended by itself.
    pub fn assert_alive(&mut self) {
        if let Some(status) = self.child.try_wait().expect("the broker is our child") {
            panic!("the broker ended with {status}\n{}", self.log_tail());
        }
    }

    /// `127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// How it was started.
    #[must_use]
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The segment files of a topic, all partitions, in order of their names.
    #[must_use]
    pub fn segments(&self, topic: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut rest = vec![self.directory.join("data")];
        while let Some(directory) = rest.pop() {
            for entry in fs::read_dir(&directory).expect("the data directory is readable") {
                let path = entry.expect("the data directory is readable").path();
                let of_topic = directory.file_name().and_then(|name| name.to_str()).is_some_and(|name| {
                    name.rsplit_once('-').is_some_and(|(before, index)| before == topic && index.parse::<u32>().is_ok())
                });
                if path.is_dir() {
                    rest.push(path);
                } else if of_topic && path.extension().is_some_and(|extension| extension == "log") {
                    found.push(path);
                }
            }
        }
        found.sort();
        found
    }

    fn log_tail(&self) -> String {
        const LINES: usize = 40;
        let text = fs::read_to_string(self.directory.join("broker.log")).unwrap_or_else(|error| error.to_string());
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait().map(drop))
            && error.kind() != ErrorKind::InvalidInput
        {
            eprintln!("could not kill the broker {}: {error}", self.child.id());
        }
    }
}

/// A port that nobody listens on just now.
#[must_use]
pub fn free_port() -> u16 {
    let probe = TcpListener::bind("127.0.0.1:0").expect("the loopback interface has a free port");
    probe.local_addr().expect("a bound socket has an address").port()
}

/// The first of so many ports, one after the other, on which nobody listens just now.
#[must_use]
pub fn free_ports(count: u16) -> u16 {
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let begins = |first: u16| first.checked_add(count).is_some_and(|end| (first..end).all(is_free));
    std::iter::repeat_with(free_port).find(|first| begins(*first)).expect("the search goes on until it finds some")
}

fn launch(setup: &Setup, directory: &Path, port: u16) -> Child {
    fs::create_dir_all(directory).expect("the broker's directory can be made");
    let log =
        File::options().create(true).append(true).open(directory.join("broker.log")).expect("the log can be opened");
    // The broker must not outlive a judge that was killed itself.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]);
    if let Some(processor) = setup.processor {
        command.args(["taskset", "-c", &processor.to_string()]);
    }
    match setup.kind {
        Kind::Millrace => command
            .arg(binary())
            .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--cores", &setup.cores.to_string()])
            .arg("--data-dir")
            .arg(directory.join("data")),
        Kind::Reference => command.arg(reference_script()).arg("run").arg(port.to_string()).arg(directory),
    };
    // It has the settings that it is given, and none that were meant for the judges.
    for (name, _) in std::env::vars_os() {
        if setup.kind == Kind::Millrace && name.to_string_lossy().starts_with("MILLRACE_") {
            command.env_remove(name);
        }
    }
    let both = log.try_clone().expect("a descriptor is free");
    command.args(&setup.arguments).stdin(Stdio::null()).stdout(both).stderr(log);
    command.spawn().expect("the broker can be started")
}

/// The binary `millrace` under judgement.
#[must_use]
pub fn binary() -> PathBuf {
    let path = std::env::var_os("MILLRACE_BIN").map_or_else(
        || {
            let target =
                std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from);
            target.join("release/millrace")
        },
        PathBuf::from,
    );
    assert!(path.is_file(), "{} is not there: `cargo build --release -p millrace` first", path.display());
    path
}
