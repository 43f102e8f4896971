//! Options of the cluster.

use std::time::Duration;

use crate::config::kinds::choice::{choices, one_of, yes_no};
use crate::config::kinds::numbers::*;
use crate::config::kinds::text::{host_name, ipv4, ipv6, node_name, optional, text};
use crate::config::table::{IMMUTABLE, MUTABLE, options};

choices! {
    /// What a client is told of where a node is.
    EndpointType {
        /// Its address.
        Ip = "ip",
        /// Its host name.
        Hostname = "hostname",
        /// Nothing: the host it is connected to.
        UnknownEndpoint = "unknown-endpoint",
    }

    /// What happens when nodes.conf cannot be written.
    SaveBehavior {
        /// The server ends.
        Sync = "sync",
        /// It goes on and tries again.
        BestEffort = "best-effort",
    }
}

options! {
    /// Cluster
    cluster: Cluster {
        /// Makes this server a node of a cluster.
        "cluster-enabled" cluster_enabled: bool = false, yes_no(), IMMUTABLE.stored_only();
        /// The file in which the node keeps what it knows; not for people.
        "cluster-config-file" cluster_config_file: String =
            "nodes.conf".into(), text().checked(cluster_config_file), IMMUTABLE.stored_only();
        /// Whether failing to write that file is fatal.
        "cluster-config-save-behavior" cluster_config_save_behavior: SaveBehavior =
            SaveBehavior::Sync, one_of(), MUTABLE.stored_only();
        /// The number of databases of a node.
        "cluster-databases" cluster_databases: u32 =
            1, integer(1, I32_MAX), IMMUTABLE.stored_only();
        /// The port of the bus between nodes; 0 is the client port plus 10000.
        "cluster-port" cluster_port: u16 = 0, integer(0, 65535), IMMUTABLE.stored_only();
        /// How long a node may be silent before it is taken for failed.
        "cluster-node-timeout" cluster_node_timeout: Duration =
            Duration::from_secs(15), milliseconds(0, I64_MAX), MUTABLE.stored_only();
        /// For tests: how often a node pings another; 0 chooses by the node timeout.
        "cluster-ping-interval" cluster_ping_interval: Duration =
            Duration::ZERO, milliseconds(0, I64_MAX), MUTABLE.stored_only().hidden();
        /// The percentage of nodes that a message of the bus tells of.
        "cluster-message-gossip-perc" cluster_message_gossip_perc: u32 =
            10, integer(1, 100), MUTABLE.stored_only();
        /// How long a node that was forgotten stays forgotten.
        "cluster-blacklist-ttl" cluster_blacklist_ttl: Duration =
            Duration::from_secs(60), seconds(0, I64_MAX), MUTABLE.stored_only();
        /// What a link to another node may leave unsent before it is dropped; 0 is no limit.
        "cluster-link-sendbuf-limit" cluster_link_sendbuf_limit: u64 =
            0, memory(0, U64_MAX), MUTABLE.stored_only();
        /// Refuses commands when any slot has no node.
        "cluster-require-full-coverage" cluster_require_full_coverage: bool =
            true, yes_no(), MUTABLE.stored_only();
        /// Answers reads while the cluster is down.
        "cluster-allow-reads-when-down" cluster_allow_reads_when_down: bool =
            false, yes_no(), MUTABLE.stored_only();
        /// Serves sharded channels while the cluster is down.
        "cluster-allow-pubsubshard-when-down" cluster_allow_pubsubshard_when_down: bool =
            true, yes_no(), MUTABLE.stored_only();
        /// Lets replicas move to primaries that have none.
        "cluster-allow-replica-migration" cluster_allow_replica_migration: bool =
            true, yes_no(), MUTABLE.stored_only();
        /// How many replicas a primary must keep when one moves away.
        "cluster-migration-barrier" cluster_migration_barrier: u32 =
            1, integer(0, I32_MAX), MUTABLE.stored_only();
        /// How old a replica's data may be, in node timeouts, for it to take over; 0 is no limit.
        "cluster-replica-validity-factor" | "cluster-slave-validity-factor"
            cluster_replica_validity_factor: u32 =
            10, integer(0, I32_MAX), MUTABLE.stored_only();
        /// Keeps this replica from taking over by itself.
        "cluster-replica-no-failover" | "cluster-slave-no-failover"
            cluster_replica_no_failover: bool =
            false, yes_no(), MUTABLE.stored_only();
        /// How long a failover that was asked for may take.
        "cluster-manual-failover-timeout" cluster_manual_failover_timeout: Duration =
            Duration::from_secs(5), milliseconds(1, I32_MAX), MUTABLE.stored_only();
        /// The address that other nodes and clients are told.
        "cluster-announce-ip" cluster_announce_ip: String =
            String::new(), optional(), MUTABLE.stored_only();
        /// The IPv4 address that clients are told.
        "cluster-announce-client-ipv4" cluster_announce_client_ipv4: String =
            String::new(), optional().checked(ipv4), MUTABLE.stored_only();
        /// The IPv6 address that clients are told.
        "cluster-announce-client-ipv6" cluster_announce_client_ipv6: String =
            String::new(), optional().checked(ipv6), MUTABLE.stored_only();
        /// The port that clients are told; 0 is the announced one.
        "cluster-announce-client-port" cluster_announce_client_port: u16 =
            0, integer(0, 65535), MUTABLE.stored_only();
        /// The TLS port that clients are told; 0 is the announced one.
        "cluster-announce-client-tls-port" cluster_announce_client_tls_port: u16 =
            0, integer(0, 65535), MUTABLE.stored_only();
        /// The port that other nodes are told; 0 is `port`.
        "cluster-announce-port" cluster_announce_port: u16 =
            0, integer(0, 65535), MUTABLE.stored_only();
        /// The TLS port that other nodes are told; 0 is `tls-port`.
        "cluster-announce-tls-port" cluster_announce_tls_port: u16 =
            0, integer(0, 65535), MUTABLE.stored_only();
        /// The bus port that other nodes are told; 0 is the real one.
        "cluster-announce-bus-port" cluster_announce_bus_port: u16 =
            0, integer(0, 65535), MUTABLE.stored_only();
        /// The host name that clients are told.
        "cluster-announce-hostname" cluster_announce_hostname: String =
            String::new(), optional().checked(host_name), MUTABLE.stored_only();
        /// A name of the node for people.
        "cluster-announce-human-nodename" cluster_announce_human_nodename: String =
            String::new(), optional().checked(node_name), MUTABLE.stored_only();
        /// What a client is told of where a node is.
        "cluster-preferred-endpoint-type" cluster_preferred_endpoint_type: EndpointType =
            EndpointType::Ip, one_of(), MUTABLE.stored_only();
        /// Counts what each slot costs.
        "cluster-slot-stats-enabled" cluster_slot_stats_enabled: bool =
            false, yes_no(), MUTABLE.stored_only();
        /// The percentage of commands checked for whether they would run in a cluster.
        "cluster-compatibility-sample-ratio" cluster_compatibility_sample_ratio: u32 =
            0, integer(0, 100), MUTABLE.stored_only();
        /// How many slot migrations are remembered.
        "cluster-slot-migration-log-max-len" cluster_slot_migration_log_max_len: u64 =
            1000, integer(0, I64_MAX), MUTABLE.stored_only();
        /// The lag at which a migration pauses writes to hand a slot over (Redis).
        "cluster-slot-migration-handoff-max-lag-bytes"
            cluster_slot_migration_handoff_max_lag_bytes: u64 =
            1 << 20, memory(0, I64_MAX), MUTABLE.stored_only();
        /// How long it may pause them.
        "cluster-slot-migration-write-pause-timeout"
            cluster_slot_migration_write_pause_timeout: Duration =
            Duration::from_secs(10), milliseconds(0, I64_MAX), MUTABLE.stored_only();
        /// The lag at which a migration pauses writes to hand a slot over (Valkey); -1 pauses at
        /// once.
        "slot-migration-max-failover-repl-bytes" slot_migration_max_failover_repl_bytes: i64 =
            0, memory(-1, I64_MAX), MUTABLE.stored_only();
    }
}

fn cluster_config_file(word: &[u8]) -> Result<(), &'static str> {
    if word.is_empty() { Err("cluster-config-file can't be empty") } else { Ok(()) }
}
