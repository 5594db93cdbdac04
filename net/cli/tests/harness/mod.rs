//! The binary as a user has it: a command that is run, and a broker that is started and ended.
#![allow(dead_code, reason = "each test file is a crate of its own and uses a part of this")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test's helpers fail as tests do")]
#![allow(clippy::disallowed_methods, reason = "tests run outside the runtime")]

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// The binary, without settings from the environment of whoever runs the tests.
pub(crate) fn millrace() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_millrace"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"MILLRACE_")) {
        command.env_remove(name);
    }
    command
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Done {
    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.stdout).unwrap()
    }

    /// Its output, when it went well.
    pub(crate) fn ok(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""));
        String::from_utf8(self.stdout).unwrap()
    }

    /// Its output as JSON, a value per line, when it went well.
    pub(crate) fn json(self) -> Vec<Value> {
        self.ok().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Runs a command to its end with this standard input.
pub(crate) fn finish(command: &mut Command, input: &[u8]) -> Done {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = thread::scope(|scope| {
        scope.spawn(move || {
            // One that fails early does not read on: its exit code tells.
            if stdin.write_all(input).is_ok() {
                drop(stdin);
            }
        });
        child.wait_with_output().unwrap()
    });
    let stderr = String::from_utf8(output.stderr).unwrap();
    Done { code: output.status.code().unwrap(), stdout: output.stdout, stderr }
}

/// Runs the binary with these arguments.
pub(crate) fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Done {
    finish(millrace().args(arguments), b"")
}

/// A broker that runs; killed when it is dropped.
pub(crate) struct Broker {
    child: Child,
    // Kept open: the broker may print to it.
    stdout: BufReader<ChildStdout>,
    log: PathBuf,
    pub(crate) server: String,
}

impl Broker {
    /// Starts a broker on a free port of this machine and waits until it listens.
    pub(crate) fn start(data: &Path, cores: u32) -> Broker {
        let mut broker = Self::spawn(data, cores, data.with_extension("broker-log"));
        match broker.await_line().strip_prefix("listening on PLAINTEXT://") {
            Some(server) => broker.server = server.to_owned(),
            None => panic!("the broker did not start"),
        }
        broker
    }

    /// Starts a broker that is not to come up; its exit code and what it logged.
    pub(crate) fn fail_to_start(data: &Path, cores: u32) -> (i32, String) {
        let mut broker = Self::spawn(data, cores, data.with_extension("second-broker-log"));
        assert_eq!(broker.await_line(), "", "it started");
        let code = broker.child.wait().unwrap().code().unwrap();
        (code, std::fs::read_to_string(&broker.log).unwrap())
    }

    fn spawn(data: &Path, cores: u32, log: PathBuf) -> Broker {
        let mut command = millrace();
        command.args(["serve", "--listen", "127.0.0.1:0", "--cores", &cores.to_string()]).arg("--data-dir").arg(data);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(&log).unwrap());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Broker { child, stdout, log, server: String::new() }
    }

    /// The first line that it prints; nothing when it ends without.
    fn await_line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn stop(mut self) -> ExitStatus {
        kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGTERM).unwrap();
        self.child.wait().unwrap()
    }

    /// Runs a client command against it.
    pub(crate) fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Done {
        self.run_with(arguments, b"")
    }

    /// Runs a client command against it with this standard input.
    pub(crate) fn run_with<'a>(&self, arguments: impl IntoIterator<Item = &'a str>, input: &[u8]) -> Done {
        finish(millrace().env("MILLRACE_SERVER", &self.server).args(arguments), input)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
        if thread::panicking() {
            eprintln!("the broker's log:\n{}", std::fs::read_to_string(&self.log).unwrap());
        }
    }
}
