//! The release binary as a process: started, watched, ended.

use super::crowd;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running daemon; it ends with this value.
pub(crate) struct Daemon(Child);

impl Daemon {
    /// Starts `seatless run` on the database `file`, with a config in which nothing answers.
    pub(crate) fn start(file: &Path, tenants: u32) -> Self {
        let config = file.with_extension("toml");
        std::fs::write(&config, dead(file, tenants)).expect("a config");
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
fn dead(file: &Path, tenants: u32) -> String {
    let mut text = format!("[store]\nurl = \"sqlite:{}\"\n", file.display());
    text.push_str("[clouds.nobody]\n");
    for service in ["sign_in", "graph", "power_platform"] {
        let _ = writeln!(text, "{service}_url = \"http://{service}.localhost:9\"", service = service);
    }
    for tenant in 0..tenants {
        let name = crowd::tenant_name(tenant);
        let _ = write!(
            text,
            "[tenants.{name}]\nid = \"{}\"\ncloud = \"nobody\"\nusage_location = \"GB\"\n\
             [tenants.{name}.sign_in]\nclient_id = \"22222222-2222-4222-8222-222222222222\"\nclient_secret = \"none\"\n\
             [environments.{environment}]\ntenant = \"{name}\"\nurl = \"http://{environment}.crm4.localhost:9\"\n\
             id = \"{}\"\nlicense = \"{}\"\n",
            crowd::tenant_id(tenant),
            crowd::environment_id(tenant),
            crowd::LICENSE,
            environment = crowd::environment_name(tenant),
        );
    }
    text.replace("power_platform.localhost", "bap.localhost").replace("sign_in.localhost", "login.localhost")
}
