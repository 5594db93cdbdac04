//! The ways that are compared, each as one step that is done again and again.

use std::fs::File;
use std::io;
use std::net::TcpStream;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::fs::FileExt;

use io_uring::{cqueue, opcode, types};
use nix::fcntl::{FcntlArg, PosixFadviseAdvice, fcntl, posix_fadvise};

use crate::peer::{REQUEST_BYTES, Role};
use crate::ring::{Message, Pages, Ring};

/// What an answer begins with, in bytes.
const HEAD_BYTES: usize = 64;
/// A pipe's size, in bytes: the broker's.
const PIPE_BYTES: usize = 512 * 1024;
/// Provided buffers, and their size in bytes.
const PROVIDED: u16 = 16;
const PROVIDED_BYTES: u32 = 64 * 1024;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Task {
    /// A request is received and answered from memory that holds the answer.
    SendFromMemory,
    /// The same from a file that the page cache holds.
    SendHot,
    /// The same from a file that it does not hold.
    SendCold,
    /// A stream is received into memory in one piece.
    Receive,
    /// A file's blocks are written past the page cache.
    Write,
}

/// How.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Vectored,
    ZeroCopy,
    Splice,
    SendFile,
    ReadThenSend,
    DirectThenSend,
    DirectFixedThenSend,
    Plain,
    RegisteredFile,
    MultishotProvided,
    RegisteredBuffer,
    RegisteredBufferAndFile,
}

impl Task {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Task::SendFromMemory => "send, from memory",
            Task::SendHot => "send, file in the page cache",
            Task::SendCold => "send, file on the disk",
            Task::Receive => "receive",
            Task::Write => "write past the page cache",
        }
    }

    /// The ways to do it; the first is what the broker does.
    pub(crate) fn ways(self) -> &'static [Way] {
        match self {
            Task::SendFromMemory => &[Way::Vectored, Way::ZeroCopy],
            Task::SendHot => &[Way::Splice, Way::SendFile, Way::ReadThenSend, Way::DirectThenSend],
            Task::SendCold => &[Way::DirectThenSend, Way::DirectFixedThenSend, Way::Splice, Way::SendFile],
            Task::Receive => &[Way::Plain, Way::RegisteredFile, Way::MultishotProvided],
            Task::Write => &[Way::Plain, Way::RegisteredBuffer, Way::RegisteredBufferAndFile],
        }
    }

    pub(crate) fn role(self, bytes: usize) -> Option<Role> {
        match self {
            Task::SendFromMemory | Task::SendHot | Task::SendCold => Some(Role::Ask(HEAD_BYTES + bytes)),
            Task::Receive => Some(Role::Stream),
            Task::Write => None,
        }
    }
}

impl Way {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Way::Vectored => "vectored send",
            Way::ZeroCopy => "vectored send, zero-copy",
            Way::Splice => "spliced by the ring",
            Way::SendFile => "sendfile(2)",
            Way::ReadThenSend => "read by the page cache, sent",
            Way::DirectThenSend => "read past the page cache, sent",
            Way::DirectFixedThenSend => "the same into a registered buffer",
            Way::Plain => "plain",
            Way::RegisteredFile => "registered file",
            Way::MultishotProvided => "multishot, provided buffers, copied together",
            Way::RegisteredBuffer => "registered buffer",
            Way::RegisteredBufferAndFile => "registered buffer and file",
        }
    }
}

/// Files to read from and to write to, of the same length.
pub(crate) struct Files {
    pub(crate) cached: File,
    pub(crate) direct: File,
    pub(crate) bytes: u64,
}

/// One way at work.
pub(crate) struct Worker<'a> {
    task: Task,
    way: Way,
    bytes: usize,
    ring: Ring,
    files: &'a Files,
    stream: Option<&'a TcpStream>,
    head: Pages,
    body: Pages,
    message: Box<Message>,
    pipe: (OwnedFd, OwnedFd),
    /// Where in the file the next step begins.
    position: u64,
    /// Provided buffers that were given back.
    provided: u16,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(
        (task, way, bytes): (Task, Way, usize),
        files: &'a Files,
        stream: Option<&'a TcpStream>,
    ) -> io::Result<Worker<'a>> {
        let (mut head, mut body) = (Pages::new(HEAD_BYTES), Pages::new(bytes.max(PROVIDED_BYTES as usize)));
        let mut ring = Ring::new()?;
        if matches!(way, Way::RegisteredBuffer | Way::RegisteredBufferAndFile | Way::DirectFixedThenSend) {
            ring.register_buffer(&mut body)?;
        }
        if matches!(way, Way::RegisteredFile | Way::RegisteredBufferAndFile) {
            ring.register_file(stream.map_or(files.direct.as_raw_fd(), AsRawFd::as_raw_fd))?;
        }
        if let (Way::MultishotProvided, Some(stream)) = (way, stream) {
            ring.provide(PROVIDED, PROVIDED_BYTES)?;
            ring.push(&Ring::receive_many(stream.as_raw_fd()))?;
        }
        let message = Message::new(&mut head, HEAD_BYTES, &mut body, bytes);
        let pipe = nix::unistd::pipe()?;
        // The kernel may refuse that much: smaller steps, nothing else.
        if let Err(error) = fcntl(&pipe.1, FcntlArg::F_SETPIPE_SZ(PIPE_BYTES as i32)) {
            eprintln!("a pipe stays smaller than {PIPE_BYTES} bytes: {error}");
        }
        let provided = PROVIDED;
        Ok(Worker { task, way, bytes, ring, files, stream, head, body, message, pipe, position: 0, provided })
    }

    /// Does it once. Gives the bytes that it moved.
    pub(crate) fn step(&mut self) -> io::Result<usize> {
        match self.task {
            Task::SendFromMemory | Task::SendHot | Task::SendCold => {
                self.await_request()?;
                self.send()?;
                Ok(self.bytes)
            }
            Task::Receive => self.receive(),
            Task::Write => self.write(),
        }
    }

    fn socket(&self) -> RawFd {
        self.stream.map_or(-1, AsRawFd::as_raw_fd)
    }

    fn await_request(&mut self) -> io::Result<()> {
        let mut got = 0;
        while got < REQUEST_BYTES {
            let to = self.head.address();
            let left = (REQUEST_BYTES - got) as u32;
            got += at_least_one(self.ring.run(&opcode::Recv::new(types::Fd(self.socket()), to, left).build())?)?;
        }
        Ok(())
    }

    fn send(&mut self) -> io::Result<()> {
        let from = self.advance();
        match self.way {
            Way::Vectored => self.send_message(false),
            Way::ZeroCopy => self.send_message(true),
            Way::Splice => {
                self.send_head()?;
                self.splice(from)?;
                self.forget(from)
            }
            Way::SendFile => {
                self.send_head()?;
                self.send_file(from)?;
                self.forget(from)
            }
            Way::ReadThenSend => {
                let fd = types::Fd(self.files.cached.as_raw_fd());
                let entry = opcode::Read::new(fd, self.body.address(), self.bytes as u32).offset(from).build();
                self.ring.run(&entry)?;
                self.send_message(false)
            }
            Way::DirectThenSend => {
                let fd = types::Fd(self.files.direct.as_raw_fd());
                let entry = opcode::Read::new(fd, self.body.address(), self.blocks()).offset(from).build();
                self.ring.run(&entry)?;
                self.send_message(false)
            }
            _ => {
                let fd = types::Fd(self.files.direct.as_raw_fd());
                let entry = opcode::ReadFixed::new(fd, self.body.address(), self.blocks(), 0).offset(from).build();
                self.ring.run(&entry)?;
                self.send_message(false)
            }
        }
    }

    /// Whole blocks that hold what is sent.
    fn blocks(&self) -> u32 {
        self.bytes.next_multiple_of(4096) as u32
    }

    /// Where the next answer lies in the file.
    fn advance(&mut self) -> u64 {
        let from = self.position;
        let next = from + u64::from(self.blocks());
        self.position = if next + u64::from(self.blocks()) > self.files.bytes { 0 } else { next };
        from
    }

    fn send_message(&mut self, is_zero_copy: bool) -> io::Result<()> {
        let (fd, flags) = (types::Fd(self.socket()), (libc::MSG_WAITALL | libc::MSG_NOSIGNAL) as u32);
        let entry = match is_zero_copy {
            false => opcode::SendMsg::new(fd, self.message.header()).flags(flags).build(),
            true => opcode::SendMsgZc::new(fd, self.message.header()).flags(flags).build(),
        };
        let sent = self.ring.run(&entry)? as usize;
        if sent == HEAD_BYTES + self.bytes { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }

    fn send_head(&mut self) -> io::Result<()> {
        let flags = libc::MSG_MORE | libc::MSG_WAITALL | libc::MSG_NOSIGNAL;
        let entry = opcode::Send::new(types::Fd(self.socket()), self.head.address(), HEAD_BYTES as u32).flags(flags);
        self.ring.run(&entry.build()).map(drop)
    }

    fn splice(&mut self, from: u64) -> io::Result<()> {
        let (read, write) = (types::Fd(self.pipe.0.as_raw_fd()), types::Fd(self.pipe.1.as_raw_fd()));
        let file = types::Fd(self.files.cached.as_raw_fd());
        let socket = types::Fd(self.socket());
        let mut done = 0;
        while done < self.bytes {
            let count = (self.bytes - done).min(PIPE_BYTES) as u32;
            let at = i64::try_from(from).map_err(io::Error::other)? + done as i64;
            let entry = opcode::Splice::new(file, at, write, -1, count).flags(libc::SPLICE_F_MOVE).build();
            let mut held = at_least_one(self.ring.run(&entry)?)?;
            done += held;
            while held > 0 {
                let entry = opcode::Splice::new(read, -1, socket, -1, held as u32).flags(libc::SPLICE_F_MOVE).build();
                held -= at_least_one(self.ring.run(&entry)?)?;
            }
        }
        Ok(())
    }

    fn send_file(&mut self, from: u64) -> io::Result<()> {
        let Some(stream) = self.stream else { return Err(io::ErrorKind::NotConnected.into()) };
        let mut at = i64::try_from(from).map_err(io::Error::other)?;
        let mut left = self.bytes;
        while left > 0 {
            let sent = nix::sys::sendfile::sendfile(stream, &self.files.cached, Some(&mut at), left)?;
            left -= at_least_one(sent as u32)?;
        }
        Ok(())
    }

    /// Has the page cache give up what was sent half a file ago, where answers are to be read from the disk: what was
    /// sent just now may still be on its way.
    fn forget(&self, from: u64) -> io::Result<()> {
        if self.task != Task::SendCold {
            return Ok(());
        }
        let old = (from + self.files.bytes / 2) % self.files.bytes;
        let (old, len) = (i64::try_from(old).map_err(io::Error::other)?, i64::from(self.blocks()));
        posix_fadvise(&self.files.cached, old, len, PosixFadviseAdvice::POSIX_FADV_DONTNEED)?;
        Ok(())
    }

    fn receive(&mut self) -> io::Result<usize> {
        let mut got = 0;
        while got < self.bytes {
            let to = self.body.address().wrapping_add(got);
            let room = (self.bytes - got) as u32;
            got += match self.way {
                Way::MultishotProvided => self.receive_provided()?,
                Way::RegisteredFile => {
                    at_least_one(self.ring.run(&opcode::Recv::new(types::Fixed(0), to, room).build())?)?
                }
                _ => at_least_one(self.ring.run(&opcode::Recv::new(types::Fd(self.socket()), to, room).build())?)?,
            };
        }
        Ok(got)
    }

    fn receive_provided(&mut self) -> io::Result<usize> {
        let (count, flags) = match self.ring.next() {
            // All buffers were full: asked again, they are free.
            Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                self.ring.push(&Ring::receive_many(self.socket()))?;
                return Ok(0);
            }
            next => next?,
        };
        let Some(id) = cqueue::buffer_select(flags) else { return Err(io::ErrorKind::UnexpectedEof.into()) };
        self.ring.copy_provided(id, count as usize, self.body.address());
        self.ring.give_back(id, self.provided, PROVIDED);
        self.provided = self.provided.wrapping_add(1);
        if !cqueue::more(flags) {
            self.ring.push(&Ring::receive_many(self.socket()))?;
        }
        Ok(count as usize)
    }

    fn write(&mut self) -> io::Result<usize> {
        let (from, bytes) = (self.advance(), self.blocks());
        let fd = types::Fd(self.files.direct.as_raw_fd());
        let entry = match self.way {
            Way::RegisteredBuffer => opcode::WriteFixed::new(fd, self.body.address(), bytes, 0).offset(from).build(),
            Way::RegisteredBufferAndFile => {
                opcode::WriteFixed::new(types::Fixed(0), self.body.address(), bytes, 0).offset(from).build()
            }
            _ => opcode::Write::new(fd, self.body.address(), bytes).offset(from).build(),
        };
        at_least_one(self.ring.run(&entry)?)
    }
}

fn at_least_one(count: u32) -> io::Result<usize> {
    if count > 0 { Ok(count as usize) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Reads a file whole, so that the page cache holds it.
pub(crate) fn warm(file: &File) -> io::Result<()> {
    let (mut buffer, mut at) = (vec![0; 1 << 20], 0);
    loop {
        match file.read_at(&mut buffer, at)? {
            0 => return Ok(()),
            count => at += count as u64,
        }
    }
}

/// Has the page cache give a file up.
pub(crate) fn cool(file: &File) -> io::Result<()> {
    posix_fadvise(file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED).map_err(io::Error::from)
}
