//! See [`goalkeeper_fuzz::state`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    goalkeeper_fuzz::state::run(bytes);
});
