//! A server to lead to.

fn main() {
    accept();
}

fn accept() {}
