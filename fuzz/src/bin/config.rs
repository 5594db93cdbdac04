//! Settings, as a file or the environment gives them.
#![no_main]

libfuzzer_sys::fuzz_target!(init: millrace_fuzz::write_seeds("config"), |input: &[u8]| {
    millrace_fuzz::config::run(input);
});
