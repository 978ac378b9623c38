//! The daemon's socket: a Unix domain socket that only its owner may use. The one file that knows what kind it is.

use crate::domain::{Code, Failure};
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tokio::net::{UnixListener, UnixStream};

/// The longest path that the operating systems take for a socket (`sun_path` on macOS; Linux has 108).
const PATH_MAX: usize = 103;

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Somebody else listens there.
    #[error("another process listens on {0}")]
    InUse(PathBuf),
    /// The path cannot be used; says why.
    #[error("{0}")]
    Unusable(String),
}

impl SocketError {
    /// The failure a person is shown.
    pub fn failure(&self) -> Failure {
        Failure::new(Code::SocketInUse, self.to_string())
    }
}

/// A socket that listens; its file goes when it is dropped.
pub struct LocalListener {
    pub(super) listener: UnixListener,
    pub(super) _file: SocketFile,
}

pub(super) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Whoever starts next removes what is left anyway.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl LocalListener {
    /// Listens at `path`, readable and writable for its owner only. A socket file that nobody listens on is replaced.
    ///
    /// # Errors
    /// When another process listens there, or the path cannot be used.
    pub async fn bind(path: &Path) -> Result<Self, SocketError> {
        if path.as_os_str().len() > PATH_MAX {
            return Err(SocketError::Unusable(format!(
                "the path {} is longer than the {PATH_MAX} bytes that a socket may have; set daemon.socket to a shorter one",
                path.display()
            )));
        }
        if let Ok(metadata) = std::fs::symlink_metadata(path) {
            if !metadata.file_type().is_socket() {
                return Err(SocketError::Unusable(format!("{} exists and is not a socket", path.display())));
            }
            if UnixStream::connect(path).await.is_ok() {
                return Err(SocketError::InUse(path.to_owned()));
            }
            std::fs::remove_file(path).map_err(|error| unusable(path, &error))?;
        }
        let listener = bind_unseen(path).map_err(|error| unusable(path, &error))?;
        Ok(Self { listener, _file: SocketFile(path.to_owned()) })
    }
}

/// A socket has the mode of the process until it is given another one; nobody else can reach it before that.
fn bind_unseen(path: &Path) -> io::Result<UnixListener> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = parent.join(format!(".s{}", std::process::id()));
    let made = DirBuilder::new().mode(0o700).create(&folder).and_then(|()| {
        let unseen = folder.join("s");
        let listener = UnixListener::bind(&unseen)?;
        std::fs::set_permissions(&unseen, std::fs::Permissions::from_mode(0o600))?;
        std::fs::rename(&unseen, path)?;
        Ok(listener)
    });
    match &made {
        // A process of that number made it and was killed; it holds at most a socket that nobody listens on.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            std::fs::remove_dir_all(&folder)?;
            bind_unseen(path)
        }
        Ok(_) | Err(_) => {
            // What could not be bound leaves nothing behind, as far as that is possible.
            let _ = std::fs::remove_dir_all(&folder);
            made
        }
    }
}

fn unusable(path: &Path, error: &io::Error) -> SocketError {
    SocketError::Unusable(format!("{}: {error}", path.display()))
}

/// Connects to whoever listens at `path`; nothing if nobody does.
pub(super) async fn connect(path: &Path) -> io::Result<Option<UnixStream>> {
    match UnixStream::connect(path).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
