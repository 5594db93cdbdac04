//! Keys and values of Kafka's internal records, as a coordinator reads them from its log.
#![no_main]

libfuzzer_sys::fuzz_target!(init: millrace_fuzz::write_seeds("stored"), |input: &[u8]| {
    millrace_fuzz::stored::run(input);
});
