//! Options of sockets and clients.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::kinds::choice::yes_no;
use crate::config::kinds::lists::{OutputLimits, addresses, output_limits};
use crate::config::kinds::numbers::*;
use crate::config::kinds::text::optional;
use crate::config::table::{IMMUTABLE, MUTABLE, options};

options! {
    /// Network
    network: Network {
        /// Addresses to listen on, IPv4 or IPv6; `*` is all IPv4 and `::*` all IPv6 ones.
        "bind" bind: Vec<String> = vec!["*".into(), "-::*".into()], addresses(), MUTABLE;
        /// The address that connections to other servers come from.
        "bind-source-addr" bind_source_addr: String =
            String::new(), optional(), MUTABLE.stored_only();
        /// The TCP port; 0 closes the TCP listeners.
        "port" port: u16 = 6379, integer(0, 65535), MUTABLE;
        /// How many connections the kernel may hold ready before they are accepted.
        "tcp-backlog" tcp_backlog: u32 = 511, integer(0, I32_MAX), IMMUTABLE;
        /// How long a silent connection is left alone before the kernel probes it; 0 never.
        "tcp-keepalive" tcp_keepalive: Duration =
            Duration::from_secs(300), seconds(0, I32_MAX), MUTABLE;
        /// How long a client may be idle before it is dropped; 0 is for ever.
        "timeout" timeout: Duration = Duration::ZERO, seconds(0, I32_MAX), MUTABLE;
        /// The path of a Unix socket to listen on.
        "unixsocket" unixsocket: PathBuf = PathBuf::new(), optional(), IMMUTABLE;
        /// The mode of the Unix socket; 0 leaves it to the umask.
        "unixsocketperm" unixsocketperm: u32 = 0, octal(0, 0o777), IMMUTABLE;
        /// The group that owns the Unix socket.
        "unixsocketgroup" unixsocketgroup: String =
            String::new(), optional(), IMMUTABLE.stored_only();
        /// The greatest number of clients at a time.
        "maxclients" maxclients: u32 = 10_000, integer(1, U32_MAX), MUTABLE;
        /// Refuses clients from other hosts while no password is set and all addresses are listened
        /// on.
        "protected-mode" protected_mode: bool = true, yes_no(), MUTABLE;
        /// The longest argument of a command.
        "proto-max-bulk-len" proto_max_bulk_len: usize =
            512 << 20, memory(1 << 20, I64_MAX), MUTABLE;
        /// How much of a client's unfinished commands is kept before it is dropped.
        "client-query-buffer-limit" client_query_buffer_limit: usize =
            1 << 30, memory(1 << 20, I64_MAX), MUTABLE;
        /// How much a client may leave unread before it is dropped: at once above the hard limit,
        /// and when above the soft limit for so many seconds.
        "client-output-buffer-limit" client_output_buffer_limit: OutputLimits =
            OutputLimits::default(), output_limits(), MUTABLE;
        /// What all clients' buffers may take before the largest are dropped; a percentage is of
        /// `maxmemory`.
        "maxmemory-clients" maxmemory_clients: MemoryLimit =
            MemoryLimit::Bytes(0), memory_or_percent(), MUTABLE.stored_only();
        /// Redis's limit on connections accepted in one turn of its loop.
        "max-new-connections-per-cycle" max_new_connections_per_cycle: u32 =
            10, integer(1, 1000), MUTABLE.stored_only();
        /// The same for TLS connections.
        "max-new-tls-connections-per-cycle" max_new_tls_connections_per_cycle: u32 =
            1, integer(1, 1000), MUTABLE.stored_only();
        /// A mark that routing rules know the sockets by.
        "socket-mark-id" socket_mark_id: u32 = 0, integer(0, U32_MAX), IMMUTABLE.stored_only();
        /// Listens with multipath TCP.
        "mptcp" mptcp: bool = false, yes_no(), IMMUTABLE.stored_only();
        /// The port of the RDMA listener; 0 for none.
        "rdma-port" rdma_port: u16 = 0, integer(0, 65535), MUTABLE.stored_only();
        /// The addresses of the RDMA listener.
        "rdma-bind" rdma_bind: Vec<String> = Vec::new(), addresses(), MUTABLE.stored_only();
        /// The receive buffer of an RDMA connection.
        "rdma-rx-size" rdma_rx_size: u64 =
            1 << 20, memory(64 << 10, 16 << 20), IMMUTABLE.stored_only();
        /// The completion vector of RDMA; -1 chooses at random.
        "rdma-completion-vector" rdma_completion_vector: i32 =
            -1, integer(-1, 1024), IMMUTABLE.stored_only();
    }
}
