//! Listening sockets: `bind`, `port`, `tcp-backlog`, `unixsocket`.
//!
//! An address that starts with `-` may be missing on this machine (`-::1` where there is no IPv6);
//! any other must be had, else the start ends with one line that says which and why. `*` is every
//! address of IPv4, `::*` of IPv6.

use crate::config::Config;
use anyhow::{Context, Result, anyhow};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What the server listens on.
pub struct Listeners {
    /// TCP sockets, non-blocking and listening.
    pub tcp: Vec<std::net::TcpListener>,
    /// The Unix socket and its path, to be removed at the end.
    pub unix: Option<(std::os::unix::net::UnixListener, PathBuf)>,
}

impl Listeners {
    /// Opens every address of the configuration.
    ///
    /// # Errors
    /// A sentence that names the address and the port: "Address already in use" and the like.
    pub fn open(config: &Config) -> Result<Self> {
        let config = &config.network;
        let port = config.port;
        let mut tcp = Vec::new();
        if port != 0 {
            for name in &config.bind {
                tcp.extend(open_name(name, port, config.tcp_backlog as i32)?);
            }
            if tcp.is_empty() {
                return Err(anyhow!("Failed listening on port {port} (tcp), aborting."));
            }
        }
        if port == 0 && config.unixsocket.as_os_str().is_empty() {
            return Err(anyhow!("Configured to not listen anywhere, exiting."));
        }
        let unix = match config.unixsocket.as_os_str().is_empty() {
            true => None,
            false => Some(open_unix(&config.unixsocket, config.unixsocketperm)?),
        };
        Ok(Listeners { tcp, unix })
    }
}

fn open_name(name: &str, port: u16, backlog: i32) -> Result<Option<std::net::TcpListener>> {
    let (name, is_optional) = match name.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (name, false),
    };
    let opened = resolve(name, port).and_then(|address| open(address, backlog));
    match opened {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if is_optional && is_missing(&error) => Ok(None),
        Err(error) => {
            Err(anyhow!("Failed listening on port {port} (tcp) at {name}: {}", reason(&error)))
        }
    }
}

/// The error's text without the number that std adds: "Address already in use".
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_string()
}

/// Whether the machine lacks the address or its whole family, rather than refusing it.
fn is_missing(error: &io::Error) -> bool {
    let codes = [libc_code::EADDRNOTAVAIL, libc_code::EAFNOSUPPORT, libc_code::EPROTONOSUPPORT];
    error.kind() == io::ErrorKind::AddrNotAvailable
        || error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

/// Error numbers, from rustix, as std reports them.
mod libc_code {
    use rustix::io::Errno;
    pub const EADDRNOTAVAIL: i32 = Errno::ADDRNOTAVAIL.raw_os_error();
    pub const EAFNOSUPPORT: i32 = Errno::AFNOSUPPORT.raw_os_error();
    pub const EPROTONOSUPPORT: i32 = Errno::PROTONOSUPPORT.raw_os_error();
}

fn resolve(name: &str, port: u16) -> io::Result<SocketAddr> {
    match name {
        "*" => Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port)),
        "::*" => Ok(SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port)),
        name => {
            (name, port).to_socket_addrs()?.next().ok_or(io::ErrorKind::AddrNotAvailable.into())
        }
    }
}

fn open(address: SocketAddr, backlog: i32) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // Else `::` would take IPv4's port as well, and `bind * ::*` could not be had.
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(backlog)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn open_unix(path: &Path, mode: u32) -> Result<(std::os::unix::net::UnixListener, PathBuf)> {
    // Left behind by a server that was killed. Another live one would keep listening, unreachable,
    // as with Redis.
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!("cannot remove the old Unix socket {}: {error}", path.display());
    }
    let what = || format!("Failed opening Unix socket {}", path.display());
    let listener = std::os::unix::net::UnixListener::bind(path).with_context(what)?;
    listener.set_nonblocking(true).with_context(what)?;
    if mode != 0 {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, mode).with_context(what)?;
    }
    Ok((listener, path.to_path_buf()))
}
