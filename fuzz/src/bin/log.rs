//! Log directories whose files were damaged.
#![no_main]

libfuzzer_sys::fuzz_target!(init: millrace_fuzz::write_seeds("log"), |input: &[u8]| {
    millrace_fuzz::log::run(input);
});
