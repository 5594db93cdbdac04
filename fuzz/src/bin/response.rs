//! Answers, as a client receives them.
#![no_main]

libfuzzer_sys::fuzz_target!(init: millrace_fuzz::write_seeds("response"), |input: &[u8]| {
    millrace_fuzz::response::run(input);
});
