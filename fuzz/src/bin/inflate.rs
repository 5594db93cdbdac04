//! Compressed records, under each codec.
#![no_main]

libfuzzer_sys::fuzz_target!(init: millrace_fuzz::write_seeds("inflate"), |input: &[u8]| {
    millrace_fuzz::inflate::run(input);
});
