//! A member of a consumer group, by hand: the old, plain versions of the classic protocol.

use std::io::{self, ErrorKind};
use std::time::Duration;

use crate::wire::Connection;

/// The code by which members are asked to join anew.
pub const REBALANCE_IN_PROGRESS: i16 = 27;
/// Codes that pass: the coordinator is being found, or is starting.
const PASSING: [i16; 3] = [14, 15, 16];
/// How long a member may have to wait for others.
const JOINED_WITHIN: Duration = Duration::from_secs(120);

/// A member that has joined, and its connection.
pub struct Member {
    connection: Connection,
    group: String,
    id: String,
    generation: i32,
}

impl Member {
    /// Joins a group, and gets its assignment; as the leader it gives nothing to anybody.
    ///
    /// # Errors
    /// As [`Connection::receive`], and `Other` for an error code that ends a member.
    pub fn join(address: &str, group: &str, session_ms: i32) -> io::Result<Self> {
        let mut connection = Connection::open(address)?;
        connection.answer_within(JOINED_WITHIN)?;
        let mut member = Self { connection, group: group.to_owned(), id: String::new(), generation: -1 };
        member.join_again(session_ms)?;
        Ok(member)
    }

    /// Joins anew, until the group is stable.
    ///
    /// # Errors
    /// As [`Member::join`].
    pub fn join_again(&mut self, session_ms: i32) -> io::Result<()> {
        while !self.join_once(session_ms)? {}
        Ok(())
    }

    fn join_once(&mut self, session_ms: i32) -> io::Result<bool> {
        let body = Body::default().text(&self.group).int(session_ms).int(session_ms).text(&self.id);
        let body = body.text("consumer").int(1).text("range").bytes(b"");
        let answer = self.connection.ask(11, 2, &body.0)?;
        let mut answer = Answer(&answer);
        answer.int()?;
        match answer.short()? {
            0 => {}
            REBALANCE_IN_PROGRESS => return Ok(false),
            code if PASSING.contains(&code) => {
                // Whoever asks for the coordinator brings it about.
                self.connection.ask(10, 0, &Body::default().text(&self.group).0)?;
                std::thread::sleep(Duration::from_millis(50));
                return Ok(false);
            }
            code => return Err(io::Error::other(format!("JoinGroup: {code}"))),
        }
        self.generation = answer.int()?;
        answer.text()?;
        answer.text()?;
        self.id = answer.text()?;
        let body = Body::default().text(&self.group).int(self.generation).text(&self.id).int(0);
        let answer = self.connection.ask(14, 1, &body.0)?;
        let mut answer = Answer(&answer);
        answer.int()?;
        match answer.short()? {
            0 => Ok(true),
            REBALANCE_IN_PROGRESS => Ok(false),
            code => Err(io::Error::other(format!("SyncGroup: {code}"))),
        }
    }

    /// A heartbeat; gives the code.
    ///
    /// # Errors
    /// As [`Connection::receive`].
    pub fn heartbeat(&mut self) -> io::Result<i16> {
        let body = Body::default().text(&self.group).int(self.generation).text(&self.id);
        let answer = self.connection.ask(12, 1, &body.0)?;
        let mut answer = Answer(&answer);
        answer.int()?;
        answer.short()
    }

    /// Commits an offset of a topic's first partition; gives the code.
    ///
    /// # Errors
    /// As [`Connection::receive`].
    pub fn commit(&mut self, topic: &str, offset: i64) -> io::Result<i16> {
        let body = Body::default().text(&self.group).int(self.generation).text(&self.id).long(-1);
        let body = body.int(1).text(topic).int(1).int(0).long(offset).text("");
        let answer = self.connection.ask(8, 2, &body.0)?;
        let mut answer = Answer(&answer);
        answer.int()?;
        answer.text()?;
        answer.int()?;
        answer.int()?;
        answer.short()
    }
}

/// A request's body.
#[derive(Default)]
struct Body(Vec<u8>);

impl Body {
    fn int(mut self, value: i32) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn long(mut self, value: i64) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn text(mut self, text: &str) -> Self {
        self.0.extend(i16::try_from(text.len()).expect("a short text").to_be_bytes());
        self.0.extend(text.as_bytes());
        self
    }

    fn bytes(self, bytes: &[u8]) -> Self {
        let mut body = self.int(i32::try_from(bytes.len()).expect("few bytes"));
        body.0.extend(bytes);
        body
    }
}

/// An answer's body that is read from its beginning.
struct Answer<'a>(&'a [u8]);

impl Answer<'_> {
    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(ErrorKind::InvalidData)?;
        self.0 = rest;
        Ok(*head)
    }

    fn short(&mut self) -> io::Result<i16> {
        self.take().map(i16::from_be_bytes)
    }

    fn int(&mut self) -> io::Result<i32> {
        self.take().map(i32::from_be_bytes)
    }

    fn text(&mut self) -> io::Result<String> {
        let length = usize::try_from(self.short()?).map_err(|_negative| ErrorKind::InvalidData)?;
        let (text, rest) = self.0.split_at_checked(length).ok_or(ErrorKind::InvalidData)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
    }
}
