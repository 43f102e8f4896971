//! The network: sockets in, batches of bytes to the engine, replies out.
//!
//! - `listen`: which addresses the server listens on, and what goes wrong there
//! - `stream`: a connection's socket, TCP or Unix, as a reading half and a writing half
//! - `worker`: threads, each with its own event loop; who gets a new connection
//! - `connection`: the loop of one connection
//! - `serve`: the life of the server, from the first listener to the last reply

mod connection;
mod listen;
mod serve;
mod stream;
mod worker;

pub use serve::run;
