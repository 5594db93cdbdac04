//! Record batches, as a producer sends them and as a log holds them.
#![no_main]

libfuzzer_sys::fuzz_target!(init: millrace_fuzz::write_seeds("batch"), |input: &[u8]| {
    millrace_fuzz::batch::run(input);
});
