//! Clients that we did not write run the whole life of an account against the simulator, over HTTPS and unchanged.
//!
//! They come from PyPI and npm, into the target folder, when the tests run for the first time or the lists beside this
//! file change. Those name every package in its one version.

use crate::lab::{APP, DEV, SALES, TENANT};
use seatless::simulator::{Authority, Delays, Faults, Listening, Simulator, TokioSpawn, WallClock, listen};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::process::Command;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/simulator/foreign");
const CERTIFICATE: &str = include_str!("../cloud/keys/certificate.pem");
const KEY: &str = include_str!("../cloud/keys/key.pem");

#[tokio::test(flavor = "multi_thread")]
async fn the_clients_of_pypi_bring_an_account_to_its_end() {
    let home = prepared("python", &["requirements.txt"], |home| {
        let shown = |path: PathBuf| path.display().to_string();
        let requirements = shown(home.join("requirements.txt"));
        let pip = shown(home.join("venv/bin/pip"));
        vec![
            words(&["python3", "-m", "venv", "venv"]),
            words(&[
                &pip,
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
                "-r",
                &requirements,
            ]),
        ]
    })
    .await;
    live(Command::new(home.join("venv/bin/python")).args(["-W", "ignore"]).arg(format!("{FOLDER}/life.py")))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clients_of_npm_bring_an_account_to_its_end() {
    let home = prepared("node", &["package.json", "package-lock.json"], |_| {
        vec![words(&["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"])]
    })
    .await;
    // A module finds its dependencies beside itself.
    std::fs::copy(format!("{FOLDER}/life.mjs"), home.join("life.mjs")).unwrap();
    live(Command::new("node").arg(home.join("life.mjs"))).await;
}

/// Lets a program do what it does against a simulator of its own.
async fn live(program: &mut Command) {
    let mut world = crate::lab::world();
    world.tenants[0].apps[0].sign_in.certificates.push(CERTIFICATE.to_owned());
    // What the clients sign is good by the clock on the wall.
    let simulator =
        Simulator::new(&world, Delays::none(), Faults::default(), 7, Arc::new(WallClock)).unwrap();
    let simulator = Arc::new(simulator);
    let authority = Authority::new(&[]).unwrap();
    let anywhere = "127.0.0.1:0".parse().unwrap();
    let listening: Listening =
        listen(Arc::clone(&simulator), None, Some((anywhere, &authority)), TokioSpawn).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (ca, own) = (folder.path().join("ca.pem"), folder.path().join("own.pem"));
    std::fs::write(&ca, &authority.ca_pem).unwrap();
    std::fs::write(&own, [KEY, CERTIFICATE].concat()).unwrap();
    let services = format!("https://localhost:{}", listening.https.unwrap().port());
    program
        .envs([("SERVICES", services.as_str()), ("TENANT", TENANT), ("CLIENT", APP), ("SECRET", "s~cret+1")])
        .envs([("SKU", SALES), ("DOMAIN", "contoso.example"), ("ENVIRONMENT", DEV)])
        .env("CA", &ca)
        .env("CERTIFICATE", &own)
        .env("NODE_EXTRA_CA_CERTS", &ca);
    ran(program).await;
    let violations = simulator.violations();
    assert!(violations.is_empty(), "{violations:?}");
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

/// A folder in which everything that the lists name is installed.
async fn prepared(name: &str, lists: &[&str], steps: impl Fn(&Path) -> Vec<Vec<String>>) -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("foreign-{name}"));
    let read = |list: &str| std::fs::read_to_string(format!("{FOLDER}/{list}")).unwrap();
    let wanted: Vec<(&str, String)> = lists.iter().map(|list| (*list, read(list))).collect();
    let (done, mark) = (home.join("installed"), format!("{wanted:?}"));
    if std::fs::read_to_string(&done).is_ok_and(|installed| installed == mark) {
        return home;
    }
    let _ = std::fs::remove_dir_all(&home);
    std::fs::create_dir_all(&home).unwrap();
    for (list, text) in wanted {
        std::fs::write(home.join(list), text).unwrap();
    }
    for step in steps(&home) {
        ran(Command::new(&step[0]).args(&step[1..]).current_dir(&home)).await;
    }
    std::fs::write(done, mark).unwrap();
    home
}

/// Runs a program to its good end.
async fn ran(program: &mut Command) {
    let shown = format!("{:?}", program.as_std().get_program());
    let output = program.output().await.unwrap_or_else(|error| {
        panic!("{shown} cannot be run ({error}); these tests need python3 with venv, and node with npm")
    });
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{shown}: {}", String::from_utf8_lossy(&said));
}
