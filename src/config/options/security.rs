//! Options of who may do what.

use std::path::PathBuf;

use crate::config::kinds::choice::{choices, one_of};
use crate::config::kinds::numbers::*;
use crate::config::kinds::text::{Secret, optional, text};
use crate::config::table::{IMMUTABLE, MUTABLE, options};

choices! {
    /// Who may use something dangerous.
    Protected {
        /// Nobody.
        No = "no",
        /// Everybody.
        Yes = "yes",
        /// Clients on the same host.
        Local = "local",
    }

    /// The channels a new user may use.
    ChannelDefault {
        /// All of them.
        AllChannels = "allchannels",
        /// None.
        ResetChannels = "resetchannels",
    }
}

options! {
    /// Security
    security: Security {
        /// The password of the default user.
        "requirepass" requirepass: Secret =
            Secret::default(), optional(), MUTABLE.sensitive();
        /// A file of users, in place of `user` lines.
        "aclfile" aclfile: PathBuf = PathBuf::new(), text(), IMMUTABLE.stored_only();
        /// How many refusals ACL LOG keeps.
        "acllog-max-len" acllog_max_len: usize = 128, integer(0, I64_MAX), MUTABLE.stored_only();
        /// The channels a new user may use.
        "acl-pubsub-default" acl_pubsub_default: ChannelDefault =
            ChannelDefault::ResetChannels, one_of(), MUTABLE.stored_only();
        /// Who may set options that name files and directories.
        "enable-protected-configs" enable_protected_configs: Protected =
            Protected::No, one_of(), IMMUTABLE;
        /// Who may use DEBUG.
        "enable-debug-command" enable_debug_command: Protected = Protected::No, one_of(), IMMUTABLE;
        /// Who may use MODULE; Redstart loads no modules.
        "enable-module-command" enable_module_command: Protected =
            Protected::No, one_of(), IMMUTABLE.stored_only();
    }
}
