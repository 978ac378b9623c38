//! The local socket through which commands reach a running daemon.
