//! What a command works with: the settings, the database, and the daemon if one runs.

use super::args::Global;
use super::database::Database;
use super::terminal::{width_of_stdout, wrap};
use super::trouble::Trouble;
use crate::app::settings::{Settings, Sources};
use crate::app::views::{moved_note, standing_note};
use crate::app::{SystemClock, SystemIds, TokioSpawner, TokioTimer, host_name};
use crate::domain::{Clock, Code, Failure, Ids, StoreId};
use crate::engine::{Spawner, Timer};
use crate::http::{DaemonClient, Health};
use crate::store::{
    OpenOptions, OwnerCard, PostgresOptions, PostgresStore, Rest, Spawn, SqliteStore, StoreError,
};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// The config that is used when none is named and it exists.
const DEFAULT_CONFIG: &str = "seatless.toml";

/// What a command works with.
pub(super) struct Context {
    pub(super) settings: Settings,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn Ids>,
}

impl Context {
    /// Loads the settings that the flags, the environment and the config file give.
    pub(super) fn load(global: &Global) -> Result<Self, Trouble> {
        let settings = Settings::load(Sources {
            file: config_file(global),
            environment: std::env::vars(),
            overrides: global.store.iter().map(|url| ("store.url".to_owned(), url.clone())).collect(),
        })?;
        Ok(Self { settings, clock: Arc::new(SystemClock), ids: Arc::new(SystemIds) })
    }

    /// The database, for reading beside whoever owns it.
    pub(super) async fn reader(&self) -> Result<Database, Trouble> {
        let store = match self.server() {
            Some(url) => self.open_server(PostgresOptions::reader(url)).await?,
            None => {
                let options = OpenOptions::reader(self.existing_database()?);
                Database::File(SqliteStore::open(options, spawn()).await?)
            }
        };
        let moved = match &store {
            Database::File(file) => file.moved().map(moved_note),
            Database::Server(_) => None,
        };
        match moved {
            Some(note) => tell(&note)?,
            None => standing_note(store.standing().await?).map_or(Ok(()), |note| tell(&note))?,
        }
        Ok(store)
    }

    /// The database's file, if it is there.
    pub(super) fn existing_database(&self) -> Result<PathBuf, Trouble> {
        let path = self.path()?;
        if !path.exists() {
            return Err(Trouble::failure(format!("there is no database at {} yet", path.display())).hint(
                "submit a list with `seatless submit FILE`, or name another database with --store or in the config",
            ));
        }
        Ok(path)
    }

    /// The database, owned by this process until it is closed; one on a server may have further owners.
    pub(super) async fn owner(&self) -> Result<Database, Trouble> {
        self.owner_or(|who| StoreError::Locked(who).failure()).await
    }

    /// The same for a command that found no daemon. Whoever holds the lock all the same is one that listens elsewhere.
    pub(super) async fn owner_beside_no_daemon(&self) -> Result<Database, Trouble> {
        self.owner_or(|who| {
            Failure::new(
                Code::SocketUnreachable,
                format!("{who}; nobody answers on {}.", self.settings.daemon.socket.display()),
            )
        })
        .await
    }

    async fn owner_or(&self, locked: impl FnOnce(String) -> Failure) -> Result<Database, Trouble> {
        if let Some(url) = self.server() {
            return self.open_server(PostgresOptions::owner(url, self.card())).await;
        }
        let options = OpenOptions::owner(self.path()?, self.card());
        match SqliteStore::open(options, spawn()).await {
            Ok(store) => Ok(Database::File(store)),
            Err(StoreError::Locked(who)) => Err(locked(who).into()),
            Err(error) => Err(error.into()),
        }
    }

    /// Who owns the database from here on.
    pub(super) fn card(&self) -> OwnerCard {
        OwnerCard {
            new_store: StoreId(self.ids.fresh()),
            new_incarnation: self.ids.fresh(),
            host: host_name(),
            since: self.clock.now(),
            program: concat!("seatless ", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// The address of the database, if it is on a server.
    pub(super) fn server(&self) -> Option<&str> {
        Some(self.settings.store.url.as_str()).filter(|url| PostgresOptions::is_meant_by(url))
    }

    async fn open_server(&self, options: PostgresOptions) -> Result<Database, Trouble> {
        Ok(Database::Server(PostgresStore::open(options, spawn(), rest()).await?))
    }

    /// The database's file, whether it is there or not.
    pub(super) fn path(&self) -> Result<PathBuf, Trouble> {
        let store = &self.settings.store;
        if let Some(url) = self.server() {
            return Err(Trouble::failure(format!("{url} is no file"))
                .hint("a database on a server is saved and put back with its own tools, such as pg_dump and pg_restore"));
        }
        store.path.clone().ok_or_else(|| {
            Trouble::failure(format!("store.url is {}, which would forget everything at once", store.url))
                .hint("name a file, such as sqlite:seatless.db")
        })
    }

    /// Whether nobody works on the database, as far as can be told from here: a server's may have daemons anywhere.
    pub(super) async fn seems_idle(&self) -> bool {
        self.server().is_none() && !matches!(self.daemon().await, Ok(Some(_)))
    }

    /// The daemon that works on the database, if one runs.
    pub(super) async fn daemon(&self) -> Result<Option<(DaemonClient, Health)>, Trouble> {
        Ok(DaemonClient::find(&self.settings.daemon.socket).await?)
    }
}

/// On standard error, since it does not belong to what was asked for.
fn tell(note: &str) -> Result<(), Trouble> {
    let mut error = std::io::stderr().lock();
    for line in wrap(note, width_of_stdout()) {
        writeln!(error, "{line}")?;
    }
    Ok(())
}

pub(super) fn spawn() -> Spawn {
    Arc::new(|task| TokioSpawner.spawn(task))
}

pub(super) fn rest() -> Rest {
    Arc::new(|time| TokioTimer.sleep(time))
}

/// The file that is named, or the one that lies here.
pub(super) fn config_file(global: &Global) -> Option<PathBuf> {
    global.config.clone().or_else(|| Some(PathBuf::from(DEFAULT_CONFIG)).filter(|path| path.exists()))
}
