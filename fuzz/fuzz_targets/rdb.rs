//! libFuzzer on the loader of snapshots: `cargo +nightly fuzz run rdb -- -max_total_time=60`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| redstart_fuzz::rdb::check(data));
