//! Where the demo keeps its config, its database and its log.

use crate::cli::trouble::Trouble;
use crate::cli::world_config::{self, Addresses};
use crate::domain::Ids;
use crate::simulator::World;
use std::path::{Path, PathBuf};

/// The list that the demo submits.
pub(super) const ACCOUNTS: &str = include_str!("../../../config/examples/accounts.csv");

/// A folder of its own, removed at the end unless it is to be kept.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    keep: bool,
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.keep {
            // It lies in the system's temporary folder, which is cleared anyway.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

impl Folder {
    /// The folder that is named and must be empty or new, or one in the system's temporary folder.
    pub(super) fn make(named: Option<&Path>, ids: &dyn Ids) -> Result<Self, Trouble> {
        let (path, keep) = match named {
            Some(path) => (path.to_owned(), true),
            None => (std::env::temp_dir().join(format!("seatless-demo-{}", ids.fresh().simple())), false),
        };
        let shown = path.display().to_string();
        let failed = |error: std::io::Error| Trouble::failure(format!("{shown} cannot be used: {error}"));
        std::fs::create_dir_all(&path).map_err(failed)?;
        let mut entries = std::fs::read_dir(&path).map_err(failed)?;
        if entries.next().is_some() {
            return Err(
                Trouble::failure(format!("{shown} is not empty")).hint("name a new folder with --keep")
            );
        }
        Ok(Self { path, keep })
    }

    pub(super) fn config(&self) -> PathBuf {
        self.path.join("seatless.toml")
    }

    pub(super) fn accounts(&self) -> PathBuf {
        self.path.join("accounts.csv")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.path.join("daemon.log")
    }

    /// Writes the list, and a config that reaches the simulator with every duration of the policy divided by `speed`.
    pub(super) fn fill(&self, world: &World, addresses: &Addresses, speed: f64) -> Result<(), Trouble> {
        let config = world_config::render(world, addresses) + &world_config::hurried(speed);
        for (path, text) in [(self.config(), config.as_str()), (self.accounts(), ACCOUNTS)] {
            std::fs::write(&path, text).map_err(|error| {
                Trouble::failure(format!("{} cannot be written: {error}", path.display()))
            })?;
        }
        Ok(())
    }
}
