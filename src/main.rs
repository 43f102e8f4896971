//! The `redstart` program: options in, a server running, a signal out.
fn main() {}
