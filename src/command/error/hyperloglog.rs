//! Error texts of commands on HyperLogLogs.
