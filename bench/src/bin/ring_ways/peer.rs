//! The other end of a connection: a process of its own, so that its cost is not counted.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;

use crate::Failure;

/// What asks for the next answer.
pub(crate) const REQUEST_BYTES: usize = 64;
/// How much the peer sends at a time when it only sends.
const STREAM_BYTES: usize = 128 * 1024;

/// What the peer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Asks, and takes an answer of so many bytes, again and again.
    Ask(usize),
    /// Sends without end.
    Stream,
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Role, String> {
        match text.split_once('=') {
            None if text == "stream" => Ok(Role::Stream),
            Some(("ask", bytes)) => bytes.parse().map(Role::Ask).map_err(|error| format!("{bytes}: {error}")),
            _ => Err(format!("{text} is no role of a peer")),
        }
    }
}

/// A peer, and the connection to it. Its process ends with this.
pub(crate) struct Peer {
    child: Child,
    pub(crate) stream: TcpStream,
}

impl Peer {
    pub(crate) fn start(role: Role, processor: Option<usize>) -> Result<Peer, Failure> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let role = match role {
            Role::Ask(bytes) => format!("ask={bytes}"),
            Role::Stream => "stream".to_owned(),
        };
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--peer", &role, "--peer-address", &listener.local_addr()?.to_string()]).stdin(Stdio::null());
        if let Some(processor) = processor {
            command.args(["--peer-processor", &processor.to_string()]);
        }
        let child = command.spawn()?;
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        Ok(Peer { child, stream })
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended with the connection.
        let killed = self.child.kill();
        if let Err(error) = killed.and_then(|()| self.child.wait().map(drop)) {
            eprintln!("the peer: {error}");
        }
    }
}

/// What the peer's process does until the connection ends.
pub(crate) fn run(role: Role, address: &str) -> io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let ended = match role {
        Role::Stream => stream_forever(&mut stream),
        Role::Ask(bytes) => ask_forever(&mut stream, bytes),
    };
    match ended.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(ended),
    }
}

fn stream_forever(stream: &mut TcpStream) -> io::Error {
    let bytes = vec![1; STREAM_BYTES];
    loop {
        if let Err(error) = stream.write_all(&bytes) {
            return error;
        }
    }
}

fn ask_forever(stream: &mut TcpStream, bytes: usize) -> io::Error {
    let mut answer = vec![0; bytes];
    loop {
        if let Err(error) = stream.write_all(&[1; REQUEST_BYTES]).and_then(|()| stream.read_exact(&mut answer)) {
            return error;
        }
    }
}
