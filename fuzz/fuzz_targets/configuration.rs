//! See [`goalkeeper_fuzz::configuration`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    goalkeeper_fuzz::configuration::run(bytes);
});
