//! libFuzzer on the request parser: `cargo +nightly fuzz run request -- -max_total_time=60`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| redstart_fuzz::request::check(data));
