//! The release binary as a process: started, watched, ended.
#![allow(dead_code, reason = "each bench uses its part")]

use super::crowd;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running daemon; it ends with this value.
pub(crate) struct Daemon(Child);

impl Daemon {
    /// Starts `seatless run` on the database `file`, with a config in which nothing answers: it
    /// names the tenants, and one environment.
    pub(crate) fn start(file: &Path, tenants: u32, environment: u32) -> Self {
        Self::start_on(&format!("sqlite:{}", file.display()), file, tenants, environment)
    }

    /// The same on the database at an address; `file` is what its config and its log are called.
    pub(crate) fn start_on(url: &str, file: &Path, tenants: u32, environment: u32) -> Self {
        let config = file.with_extension("toml");
        std::fs::write(&config, dead(url, tenants, environment)).expect("a config");
        let log = std::fs::File::create(file.with_extension("log")).expect("a log");
        let child = Command::new(env!("CARGO_BIN_EXE_seatless"))
            .arg("--config")
            .arg(&config)
            .arg("run")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        Self(child.expect("a process"))
    }

    /// Its name in `/proc`.
    pub(crate) fn process(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The size of the binary, in MiB.
pub(crate) fn binary_mib() -> f64 {
    let file = PathBuf::from(env!("CARGO_BIN_EXE_seatless"));
    std::fs::metadata(file).expect("a binary").len() as f64 / f64::from(1 << 20)
}

/// A config whose cloud is a port at which nobody listens.
fn dead(url: &str, tenants: u32, environment: u32) -> String {
    let mut text = format!("[store]\nurl = \"{url}\"\n");
    text.push_str("[clouds.nobody]\n");
    for (service, host) in [("sign_in", "login"), ("graph", "graph"), ("power_platform", "bap")] {
        let _ = writeln!(text, "{service}_url = \"http://{host}.localhost:9\"");
    }
    for tenant in 0..tenants {
        let (name, id) = (crowd::tenant_name(tenant), crowd::tenant_id(tenant));
        let _ = write!(
            text,
            "[tenants.{name}]\nid = \"{id}\"\ncloud = \"nobody\"\nusage_location = \"GB\"\n\
             [tenants.{name}.sign_in]\nclient_id = \"22222222-2222-4222-8222-222222222222\"\nclient_secret = \"none\"\n"
        );
    }
    // Nothing is ever sent to the environment: no token for it can be had.
    let _ = write!(
        text,
        "[environments.{}]\ntenant = \"{}\"\nurl = \"{}\"\nid = \"{}\"\nlicense = \"{}\"\n",
        crowd::environment_name(environment),
        crowd::tenant_name(environment % tenants),
        crowd::dataverse_origin(environment),
        crowd::environment_id(environment),
        crowd::LICENSE,
    );
    text
}
