//! Tests: what commands on sets leave in the journal.
