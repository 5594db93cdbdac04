//! Frames of the native protocol.
#![no_main]

libfuzzer_sys::fuzz_target!(init: millrace_fuzz::write_seeds("native"), |input: &[u8]| {
    millrace_fuzz::native::run(input);
});
