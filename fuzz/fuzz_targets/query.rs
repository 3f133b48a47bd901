//! See [`goalkeeper_fuzz::query`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    goalkeeper_fuzz::query::run(bytes);
});
