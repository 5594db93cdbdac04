//! Streams of requests and of lies, in pieces of any size at any time: the same frames come out as went in.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use millrace_runtime::Mailbox;
use millrace_runtime::Socket;
use millrace_runtime::sim::{Random, SimOptions, World};

use super::*;

const PORT: u16 = 9;
const REQUEST_BYTES_MAX: usize = 20_000;
const BUDGET_BYTES: usize = 50_000;

/// What is read of a stream: whole frames, and how it ends.
#[derive(Debug, PartialEq, Eq)]
struct Reading {
    frames: Vec<Vec<u8>>,
    end: End,
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    Closed,
    Truncated,
    Length(FrameError),
}

/// Some whole frames; then nothing, a frame that is cut short, or a length that cannot be.
fn stream(random: &mut Random) -> Vec<u8> {
    let mut stream = Vec::new();
    for _ in 0..random.below(8) {
        let length = match random.below(4) {
            0 => random.index(4),
            1 => HEAD_BYTES - 8 + random.index(8),
            _ => random.index(REQUEST_BYTES_MAX + 1),
        };
        stream.extend((length as u32).to_be_bytes());
        stream.extend((0..length).map(|_| random.below(256) as u8));
    }
    match random.below(4) {
        0 => {}
        1 => stream.truncate(random.index(stream.len() + 1)),
        2 => stream.extend((random.below(1 << 32) as u32).to_be_bytes()),
        _ => stream.extend([0; 9].iter().take(random.index(10))),
    }
    stream
}

/// The protocol's rule, on a stream that is there as a whole.
fn expected(mut stream: &[u8]) -> Reading {
    let mut frames = Vec::new();
    let end = loop {
        let Some((length, rest)) = stream.split_first_chunk::<4>() else {
            break if stream.is_empty() { End::Closed } else { End::Truncated };
        };
        let length = i32::from_be_bytes(*length);
        let Ok(bytes) = usize::try_from(length) else { break End::Length(FrameError::NegativeLength(length)) };
        if bytes > REQUEST_BYTES_MAX {
            break End::Length(FrameError::TooLarge { length: bytes, limit: REQUEST_BYTES_MAX });
        }
        let Some((frame, rest)) = rest.split_at_checked(bytes) else { break End::Truncated };
        frames.push(frame.to_vec());
        stream = rest;
    };
    Reading { frames, end }
}

async fn read_all(core: &Core, socket: Socket) -> Reading {
    let (read_half, _write_half) = socket.split();
    let limits = FrameLimits { request_bytes_max: REQUEST_BYTES_MAX, idle_max: None };
    let mut reader = FrameReader::new(core, read_half, limits).unwrap();
    let budget = Semaphore::new(BUDGET_BYTES);
    let mut frames = Vec::new();
    loop {
        let end = match reader.next(core, &budget).await {
            Ok(frame) => {
                frames.push(frame.bytes.to_vec());
                continue;
            }
            Err(ReceiveError::Closed) => End::Closed,
            Err(ReceiveError::Truncated { .. }) => End::Truncated,
            Err(ReceiveError::Length(error)) => End::Length(error),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(budget.available(), BUDGET_BYTES, "every permit was given back");
        return Reading { frames, end };
    }
}

/// What a broker reads of a stream that comes in pieces.
fn read_in_pieces(seed: u64, stream: Vec<u8>) -> Reading {
    let mut world = World::new(seed, SimOptions::default());
    let reading = Rc::new(RefCell::new(None));
    let filled = Rc::clone(&reading);
    let broker = world.add_host("broker", 1, move |core: Core, _: Mailbox<()>| {
        let filled = Rc::clone(&filled);
        async move {
            let listener = core.listen(SocketAddr::from(([0, 0, 0, 0], PORT)), 1).await.unwrap();
            let (socket, _) = listener.accept(&core).await.unwrap();
            *filled.borrow_mut() = Some(read_all(&core, socket).await);
        }
    });
    let address = SocketAddr::new(world.address(broker), PORT);
    world.add_host("client", 1, move |core: Core, _: Mailbox<()>| {
        let stream = Bytes::from(stream.clone());
        async move {
            let socket = core.connect(address).await.unwrap();
            let mut random = Random::new(core.random_u64());
            let mut sent = 0;
            while sent < stream.len() {
                let piece_bytes_max = if random.coin() { 10 } else { 9_000 };
                let end = (sent + 1 + random.index(piece_bytes_max)).min(stream.len());
                // The broker hangs up at a length that cannot be.
                if socket.send(&core, vec![stream.slice(sent..end)]).await.is_err() {
                    return;
                }
                sent = end;
                core.sleep(Duration::from_micros(random.below(2_000))).await;
            }
        }
    });
    world.run();
    reading.take().unwrap()
}

#[test]
fn a_stream_in_pieces_is_read_as_if_it_came_whole() {
    let mut ends = [0; 3];
    for seed in 0..300 {
        let stream = stream(&mut Random::new(seed));
        let expected = expected(&stream);
        ends[match expected.end {
            End::Closed => 0,
            End::Truncated => 1,
            End::Length(_) => 2,
        }] += 1;
        assert!(read_in_pieces(seed, stream) == expected, "seed {seed}");
    }
    assert!(ends.iter().all(|count| *count > 20), "{ends:?}");
}
