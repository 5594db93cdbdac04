use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;

const KIB: usize = 1024;

fn pool(limit: usize) -> BufferPool {
    BufferPool::new(limit, Waker::noop().clone())
}

#[test]
fn capacities_are_size_classes_and_memory_is_aligned() {
    let pool = pool(64 * KIB * KIB);
    for (asked, given) in [(0, 4 * KIB), (1, 4 * KIB), (4097, 8 * KIB), (1024 * KIB, 1024 * KIB)] {
        assert_eq!(pool.alloc(asked).unwrap().capacity(), given);
    }
    let large = pool.alloc(1024 * KIB + 1).unwrap();
    assert_eq!(large.capacity(), 1028 * KIB);
    assert_eq!(large.as_ptr().addr() % 4096, 0);
}

#[test]
fn blocks_return_from_any_thread_and_are_used_again() {
    let pool = pool(8 * KIB);
    let (first, second) = (pool.alloc(4 * KIB).unwrap(), pool.alloc(1).unwrap());
    let error = pool.alloc(1).unwrap_err();
    assert_eq!(error, PoolExhausted { requested_bytes: 1, used_bytes: 8 * KIB, limit_bytes: 8 * KIB });
    let bytes = first.freeze();
    std::thread::spawn(move || drop(bytes)).join().unwrap();
    drop(second);
    assert_eq!(pool.used_bytes(), 0);
    assert_eq!(pool.alloc(8 * KIB).unwrap().capacity(), 8 * KIB, "cached small blocks make room for a large one");
}

#[test]
fn those_who_wait_are_served_in_order_and_a_dropped_one_gives_up_its_place() {
    let pool = pool(8 * KIB);
    let all = pool.alloc(8 * KIB).unwrap();
    let mut context = Context::from_waker(Waker::noop());
    let mut large = Box::pin(pool.alloc_wait(8 * KIB));
    let mut small = pin!(pool.alloc_wait(4 * KIB));
    assert!(large.as_mut().poll(&mut context).is_pending());
    assert!(small.as_mut().poll(&mut context).is_pending());
    drop(all);
    assert!(small.as_mut().poll(&mut context).is_pending(), "the large one is first");
    assert!(pool.alloc(1).is_err(), "nobody overtakes");
    drop(large);
    assert!(matches!(small.as_mut().poll(&mut context), Poll::Ready(buffer) if buffer.capacity() == 4 * KIB));
    assert!(pool.alloc(1).is_ok());
}

#[test]
fn frozen_bytes_slice_and_outlive_their_buffer() {
    let pool = pool(KIB * KIB);
    let mut buffer = pool.alloc(10).unwrap();
    buffer.extend_from_slice(b"0123456789");
    buffer.discard_front(2);
    assert_eq!(&buffer[..], b"23456789");
    let bytes = buffer.freeze();
    let part = bytes.slice(2..=4);
    drop(bytes);
    assert_eq!(&part[..], b"456");
    assert_eq!(&part.slice(1..)[..], b"56");
    assert_eq!(Bytes::from(b"vec".to_vec()), *b"vec".as_slice());
}

#[test]
fn views_of_an_append_buffer_stay_while_it_grows() {
    let pool = pool(KIB * KIB);
    let mut tail = AppendBuffer::with_capacity(&pool, 4 * KIB).unwrap();
    let first = tail.append(b"first");
    let view = tail.view(first);
    let reader = std::thread::spawn(move || view.to_vec());
    tail.append_with(6, |room| room.copy_from_slice(b"second"));
    assert_eq!(reader.join().unwrap(), b"first");
    assert_eq!(&tail[..], b"firstsecond");
    let view = tail.view(5..11);
    drop(tail);
    assert_eq!(&view[..], b"second");
    assert_eq!(pool.used_bytes(), 4 * KIB);
    drop(view);
    assert_eq!(pool.used_bytes(), 0);
}
