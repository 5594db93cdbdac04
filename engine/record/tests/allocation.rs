//! Checking and reading batches allocates nothing once the scratch has been used.
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use millrace_record::batch::Batch;
use millrace_record::builder::BatchBuilder;
use millrace_record::columns::ColumnsBuilder;
use millrace_record::compression::{Codec, Compressor};
use millrace_record::validate::{RecordFormat, Rules, Scratch, take_produced, validate_produced};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes to the system's allocator as it is; counting touches a thread-local cell without a
// destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps to the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps to the contract of `dealloc`, and `pointer` came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_used_scratch_allocates_no_more() {
    let mut scratch = Scratch::default();
    for codec in Codec::ALL {
        let mut builder = BatchBuilder::new(codec);
        for index in 0..500_u32 {
            let value = index.to_string().repeat(100);
            builder
                .push(i64::from(index), Some(b"key"), Some(value.as_bytes()), &[(b"name", Some(b"content"))])
                .unwrap();
        }
        let bytes = builder.build().unwrap();
        let rules = Rules { now_ms: 1_000, batch_bytes_max: bytes.len(), ..Rules::default() };
        let mut work = || {
            validate_produced(&bytes, &rules, &mut scratch).unwrap();
            let batch = Batch::first(&bytes).unwrap();
            batch.records(&mut scratch).unwrap().map(|record| record.unwrap().headers.count()).sum::<usize>()
        };
        work();
        let before = ALLOCATIONS.get();
        assert_eq!(work(), 500);
        assert_eq!(ALLOCATIONS.get() - before, 0, "{codec:?}");
    }
}

#[test]
fn columns_are_read_where_they_lie() {
    let mut builder = ColumnsBuilder::new();
    let mut build = || {
        for index in 0..500_u32 {
            builder.push(i64::from(index), Some(b"key"), Some(&[7; 100]), &[(b"name", Some(b"content"))]).unwrap();
        }
        builder.build().unwrap()
    };
    let bytes = build();
    let before = ALLOCATIONS.get();
    assert_eq!(build(), bytes);
    assert_eq!(ALLOCATIONS.get() - before, 1, "a used builder allocates the batch alone");
    let rules = Rules { now_ms: 1_000, accepts_columns: true, format: RecordFormat::Columns, ..Rules::default() };
    let (mut scratch, mut compressor) = (Scratch::default(), Compressor::default());
    let before = ALLOCATIONS.get();
    take_produced(&bytes, &rules, &mut scratch, &mut compressor).unwrap();
    let batch = Batch::first(&bytes).unwrap();
    let headers = batch.records(&mut scratch).unwrap().map(|record| record.unwrap().headers.count()).sum::<usize>();
    assert_eq!(headers, 500);
    assert_eq!(ALLOCATIONS.get() - before, 0);
}
