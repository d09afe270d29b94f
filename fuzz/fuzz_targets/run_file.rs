#![no_main]

use falsetrail_fuzz::targets;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| targets::run_file(bytes));
