//! Options of TLS.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::kinds::choice::{choices, one_of, yes_no};
use crate::config::kinds::numbers::*;
use crate::config::kinds::text::{Secret, optional};
use crate::config::table::{MUTABLE, options};

choices! {
    /// Whether clients must show a certificate.
    ClientCertificates {
        /// None is asked for.
        No = "no",
        /// Without one there is no connection.
        Yes = "yes",
        /// One is checked when shown.
        Optional = "optional",
    }

    /// The field of a client's certificate that names its user.
    UserField {
        /// The common name.
        CommonName = "CN",
        /// An address among the alternative names.
        Uri = "URI",
        /// None: clients log in as usual.
        Off = "off",
    }
}

options! {
    /// TLS
    tls: Tls {
        /// The port of the TLS listener; 0 for none.
        "tls-port" tls_port: u16 = 0, integer(0, 65535), MUTABLE.stored_only();
        /// The server's certificate.
        "tls-cert-file" tls_cert_file: PathBuf = PathBuf::new(), optional(), MUTABLE.stored_only();
        /// The key of that certificate.
        "tls-key-file" tls_key_file: PathBuf = PathBuf::new(), optional(), MUTABLE.stored_only();
        /// The password of the key.
        "tls-key-file-pass" tls_key_file_pass: Secret =
            Secret::default(), optional(), MUTABLE.sensitive().stored_only();
        /// The certificate shown to other servers, when it is another one.
        "tls-client-cert-file" tls_client_cert_file: PathBuf =
            PathBuf::new(), optional(), MUTABLE.stored_only();
        /// The key of that certificate.
        "tls-client-key-file" tls_client_key_file: PathBuf =
            PathBuf::new(), optional(), MUTABLE.stored_only();
        /// The password of that key.
        "tls-client-key-file-pass" tls_client_key_file_pass: Secret =
            Secret::default(), optional(), MUTABLE.sensitive().stored_only();
        /// Parameters of older key exchanges.
        "tls-dh-params-file" tls_dh_params_file: PathBuf =
            PathBuf::new(), optional(), MUTABLE.stored_only();
        /// The certificates of authorities that are trusted.
        "tls-ca-cert-file" tls_ca_cert_file: PathBuf =
            PathBuf::new(), optional(), MUTABLE.stored_only();
        /// A directory of such certificates.
        "tls-ca-cert-dir" tls_ca_cert_dir: PathBuf =
            PathBuf::new(), optional(), MUTABLE.stored_only();
        /// Whether clients must show a certificate.
        "tls-auth-clients" tls_auth_clients: ClientCertificates =
            ClientCertificates::Yes, one_of(), MUTABLE.stored_only();
        /// The field of a client's certificate that names its user.
        "tls-auth-clients-user" tls_auth_clients_user: UserField =
            UserField::Off, one_of(), MUTABLE.stored_only();
        /// How often changed certificates are read anew; 0 never.
        "tls-auto-reload-interval" tls_auto_reload_interval: Duration =
            Duration::ZERO, seconds(0, I32_MAX), MUTABLE.stored_only();
        /// Uses TLS towards the primary.
        "tls-replication" tls_replication: bool = false, yes_no(), MUTABLE.stored_only();
        /// Uses TLS on the bus between nodes.
        "tls-cluster" tls_cluster: bool = false, yes_no(), MUTABLE.stored_only();
        /// The versions of TLS that are allowed.
        "tls-protocols" tls_protocols: String = String::new(), optional(), MUTABLE.stored_only();
        /// The ciphers allowed up to TLS 1.2.
        "tls-ciphers" tls_ciphers: String = String::new(), optional(), MUTABLE.stored_only();
        /// The cipher suites of TLS 1.3.
        "tls-ciphersuites" tls_ciphersuites: String =
            String::new(), optional(), MUTABLE.stored_only();
        /// Lets the server choose the cipher.
        "tls-prefer-server-ciphers" tls_prefer_server_ciphers: bool =
            false, yes_no(), MUTABLE.stored_only();
        /// Lets clients resume a session.
        "tls-session-caching" tls_session_caching: bool = true, yes_no(), MUTABLE.stored_only();
        /// How many sessions are kept; 0 is no limit.
        "tls-session-cache-size" tls_session_cache_size: u32 =
            20_480, integer(0, I32_MAX), MUTABLE.stored_only();
        /// How long they are kept.
        "tls-session-cache-timeout" tls_session_cache_timeout: Duration =
            Duration::from_secs(300), seconds(0, I32_MAX), MUTABLE.stored_only();
    }
}
