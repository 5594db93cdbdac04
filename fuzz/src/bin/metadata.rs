//! Records of the metadata log, and the image that follows from them.
#![no_main]

libfuzzer_sys::fuzz_target!(init: millrace_fuzz::write_seeds("metadata"), |input: &[u8]| {
    millrace_fuzz::metadata::run(input);
});
