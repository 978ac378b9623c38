//! `seatless simulate`: the fake Microsoft cloud alone.

use super::args::SimulateArgs;
use super::exit::Exit;
use super::trouble::Trouble;
use super::world_config::{self, Addresses};
use crate::simulator::{Authority, Delays, Faults, Simulator, TokioSpawn, WallClock, World, listen};
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// The world that is simulated when none is named.
pub(super) const WORLD: &str = include_str!("../../config/examples/world.toml");

pub(super) async fn run(args: SimulateArgs) -> Result<Exit, Trouble> {
    let world = read_world(args.world.as_deref())?;
    let faults = Faults::named(&args.faults).ok_or_else(|| {
        Trouble::usage(format!("there are no faults called {:?}", args.faults))
            .hint(format!("one of {}", Faults::NAMES.join(", ")))
    })?;
    let delays = Delays { speed: args.speed, ..Delays::default() };
    let simulator = Arc::new(
        Simulator::new(&world, delays, faults, args.seed, Arc::new(WallClock))
            .map_err(|error| Trouble::usage(format!("the world contradicts itself: {error}")))?,
    );
    restore(&simulator, args.state.as_deref())?;
    let authority = authority(args.https.is_some(), &world)?;
    let https = args.https.zip(authority.as_ref());
    let listening =
        listen(Arc::clone(&simulator), Some(args.listen), https, TokioSpawn).await.map_err(|error| {
            Trouble::failure(error.to_string()).hint("name another address with --listen or --https")
        })?;
    // Only whoever has the address may replace the file: another simulator that runs there has put its own into it.
    if let Some((file, authority)) = args.ca_file.as_ref().zip(authority.as_ref()) {
        std::fs::write(file, &authority.ca_pem)
            .map_err(|error| Trouble::failure(format!("{} cannot be written: {error}", file.display())))?;
    }
    let addresses = addresses(&args, listening.http, listening.https);
    if let Some(file) = &args.write_config {
        let pace = if args.speed == 1.0 { String::new() } else { world_config::hurried(args.speed) };
        write_new(file, &(world_config::render(&world, &addresses) + &pace))?;
    }
    introduce(&args, &world, listening.http, listening.https)?;
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    listening.stop().await;
    if let Some(file) = &args.state {
        let text = simulator.save().map_err(|error| Trouble::failure(error.to_string()))?;
        std::fs::write(file, text)
            .map_err(|error| Trouble::failure(format!("{} cannot be written: {error}", file.display())))?;
    }
    Ok(Exit::Ok)
}

/// The world in a file, or the built-in one.
fn read_world(file: Option<&Path>) -> Result<World, Trouble> {
    let Some(file) = file else {
        return World::from_toml(WORLD).map_err(|error| Trouble::failure(error.to_string()));
    };
    let shown = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Trouble::usage(format!("{shown} cannot be read: {error}")))?;
    let world = if file.extension().is_some_and(|extension| extension == "json") {
        World::from_json(&text)
    } else {
        World::from_toml(&text)
    };
    world.map_err(|error| {
        Trouble::usage(format!("{shown}: {error}"))
            .hint("config/examples/world.toml shows how a world is described")
    })
}

/// Goes on from a saved state, if there is one.
fn restore(simulator: &Simulator, file: Option<&Path>) -> Result<(), Trouble> {
    let Some(file) = file.filter(|file| file.exists()) else {
        return Ok(());
    };
    let shown = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Trouble::usage(format!("{shown} cannot be read: {error}")))?;
    simulator.load(&text).map_err(|error| Trouble::usage(format!("{shown} holds no saved state: {error}")))
}

fn authority(wanted: bool, world: &World) -> Result<Option<Authority>, Trouble> {
    if !wanted {
        return Ok(None);
    }
    // Certificates cannot say *.localhost, so each environment's host is named.
    let hosts: Vec<String> = world
        .tenants
        .iter()
        .flat_map(|tenant| &tenant.environments)
        .map(|environment| format!("{}.crm.localhost", environment.host))
        .collect();
    Authority::new(&hosts).map(Some).map_err(|error| Trouble::failure(error.to_string()))
}

fn addresses(args: &SimulateArgs, http: Option<SocketAddr>, https: Option<SocketAddr>) -> Addresses {
    match (https, &args.ca_file) {
        (Some(address), Some(file)) => {
            let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
            Addresses { scheme: "https", address, ca_file: Some(file.display().to_string()) }
        }
        _ => Addresses::http(http.or(https).unwrap_or(args.listen)),
    }
}

fn write_new(file: &Path, text: &str) -> Result<(), Trouble> {
    let shown = file.display();
    let mut options = std::fs::OpenOptions::new();
    let mut opened = options.write(true).create_new(true).open(file).map_err(|error| {
        Trouble::failure(format!("{shown} cannot be written: {error}"))
            .hint("name a file that does not exist yet")
    })?;
    Ok(opened.write_all(text.as_bytes())?)
}

fn introduce(
    args: &SimulateArgs,
    world: &World,
    http: Option<SocketAddr>,
    https: Option<SocketAddr>,
) -> Result<(), Trouble> {
    let environments: usize = world.tenants.iter().map(|tenant| tenant.environments.len()).sum();
    let mut err = std::io::stderr().lock();
    writeln!(
        err,
        "Simulating {} tenants with {environments} environments, {} times as fast as life, faults: {}.",
        world.tenants.len(),
        args.speed,
        args.faults
    )?;
    for (scheme, address) in [("http", http), ("https", https)].into_iter().filter_map(|(s, a)| Some((s, a?)))
    {
        writeln!(
            err,
            "  {scheme}://login.localhost:{port}  graph.localhost:{port}  bap.localhost:{port}  HOST.crm.localhost:{port}",
            port = address.port()
        )?;
    }
    if let Some((scheme, address)) =
        https.map(|address| ("https", address)).or(http.map(|address| ("http", address)))
    {
        writeln!(
            err,
            "A client that does not resolve *.localhost reaches all of them at {scheme}://localhost:{}; Dataverse there is \
             the first environment of its token's tenant.",
            address.port()
        )?;
    }
    if let Some(address) = http {
        writeln!(err, "Look at it with `curl http://{address}/_simulator/state`; end it with Ctrl-C.")?;
    }
    match &args.write_config {
        Some(file) => writeln!(err, "Wrote {}: try `seatless -c {} run`.", file.display(), file.display())?,
        None => writeln!(err, "A config that reaches it: start again with --write-config FILE.")?,
    }
    Ok(())
}
