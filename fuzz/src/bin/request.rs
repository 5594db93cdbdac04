//! Request frames, as a broker receives them.
#![no_main]

libfuzzer_sys::fuzz_target!(init: millrace_fuzz::write_seeds("request"), |input: &[u8]| {
    millrace_fuzz::request::run(input);
});
