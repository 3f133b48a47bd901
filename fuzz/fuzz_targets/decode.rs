//! See [`goalkeeper_fuzz::decode`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    goalkeeper_fuzz::decode::run(bytes);
});
