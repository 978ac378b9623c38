//! The demo from beginning to end.

use super::crash::torment;
use super::daemon::DaemonProcess;
use super::expectation;
use super::folder::Folder;
use super::verdict::Verdict;
use crate::app::Submission;
use crate::app::intake::{Format, read};
use crate::app::{SystemIds, submit};
use crate::cli::actor::at_the_prompt;
use crate::cli::args::{DemoArgs, Global, Output};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::simulate::WORLD;
use crate::cli::trouble::Trouble;
use crate::cli::wait;
use crate::cli::world_config::Addresses;
use crate::domain::BatchId;
use crate::http::DaemonClient;
use crate::simulator::{Delays, Faults, Simulator, TokioSpawn, WallClock, World, listen};
use crate::store::{Batch, Filter, Page, Tally};
use std::io::{IsTerminal, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

pub(in crate::cli) async fn run(args: DemoArgs) -> Result<Exit, Trouble> {
    let expectations = expectation::read()?;
    let world = World::from_toml(WORLD).map_err(|error| Trouble::failure(error.to_string()))?;
    let simulator = simulator(&args, &world)?;
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listening = listen(Arc::clone(&simulator), Some(any_port), None, TokioSpawn)
        .await
        .map_err(|error| Trouble::failure(error.to_string()))?;
    let address = listening.http.ok_or_else(|| Trouble::failure("the simulator has no address"))?;

    let folder = Folder::make(args.keep.as_deref(), &SystemIds)?;
    folder.fill(&world, &Addresses::http(address), args.speed)?;
    let global = Global { config: Some(folder.config()), store: None, verbose: 0 };
    let context = Context::load(&global)?;
    introduce(&args, &world, &folder, expectations.len())?;

    let began = context.clock.elapsed();
    let mut daemon = DaemonProcess::start(&folder, &context.settings.daemon.socket).await?;
    let batch = submit_list(&context, &folder).await?;
    let over = CancellationToken::new();
    let (waited, crashed) = tokio::join!(
        async {
            let waited = wait::for_batches(&context, &[batch.id], None, Output::Table).await;
            over.cancel();
            waited
        },
        torment(&mut daemon, &simulator, args.crash, args.seed, &over),
    );
    waited?;
    let crashed = crashed?;
    let took = context.clock.elapsed() - began;
    let verified = verify(&context, &simulator, &expectations).await;
    daemon.stop().await?;
    listening.stop().await;

    let (verdict, totals) = verified?;
    conclude(&args, &verdict, &totals, crashed, took, &folder)?;
    Ok(if verdict.wrong.is_empty() && crashed == args.crash { Exit::Ok } else { Exit::Failure })
}

fn simulator(args: &DemoArgs, world: &World) -> Result<Arc<Simulator>, Trouble> {
    let faults = Faults::named(&args.faults).ok_or_else(|| {
        Trouble::usage(format!("there are no faults called {:?}", args.faults))
            .hint(format!("one of {}", Faults::NAMES.join(", ")))
    })?;
    let delays = Delays { speed: args.speed, ..Delays::default() };
    let simulator = Simulator::new(world, delays, faults, args.seed, Arc::new(WallClock))
        .map_err(|error| Trouble::failure(error.to_string()))?;
    Ok(Arc::new(simulator))
}

fn introduce(args: &DemoArgs, world: &World, folder: &Folder, requests: usize) -> Result<(), Trouble> {
    let environments: usize = world.tenants.iter().map(|tenant| tenant.environments.len()).sum();
    let seats: u32 = world
        .tenants
        .iter()
        .filter_map(|tenant| tenant.skus.first())
        .map(|sku| sku.enabled - sku.used_by_others)
        .sum();
    let mut err = std::io::stderr().lock();
    writeln!(
        err,
        "{requests} accounts in {environments} environments of {} simulated tenants, with {seats} free seats in all.\n\
         Delays of the simulated cloud and durations of the policy are divided by {}.",
        world.tenants.len(),
        args.speed
    )?;
    if args.crash > 0 {
        writeln!(err, "The daemon is killed {} times on the way.", args.crash)?;
    }
    if args.keep.is_some() {
        writeln!(err, "Everything stays in {}.", folder.path.display())?;
    }
    Ok(())
}

async fn submit_list(context: &Context, folder: &Folder) -> Result<Batch, Trouble> {
    let (client, _) = DaemonClient::find(&context.settings.daemon.socket)
        .await?
        .ok_or_else(|| Trouble::failure("the daemon has ended"))?;
    let path = folder.accounts();
    let file = std::fs::File::open(&path)?;
    let name = "config/examples/accounts.csv";
    let rows = read(file, Some(Format::Csv), name, &context.settings);
    let submission = Submission {
        source: name,
        actor: at_the_prompt(),
        batch: BatchId(context.ids.fresh()),
        progress: &|_| {},
    };
    let submitted = submit(&client, submission, rows).await?;
    submitted.batch.ok_or_else(|| Trouble::failure("the list was submitted before"))
}

type Totals = Vec<(String, Tally, f64)>;

async fn verify(
    context: &Context,
    simulator: &Simulator,
    expectations: &[expectation::Expectation],
) -> Result<(Verdict, Totals), Trouble> {
    let reader = context.reader().await?;
    let records = reader.requests(Filter::default(), Page { after: None, rows_max: 10_000 }).await;
    let totals = reader.tallies().await;
    reader.close().await?;
    let records = records?;
    let verdict = Verdict::reach(expectations, &simulator.state(), &records);
    Ok((verdict, totals?))
}

fn conclude(
    args: &DemoArgs,
    verdict: &Verdict,
    totals: &Totals,
    crashed: u32,
    took: std::time::Duration,
    folder: &Folder,
) -> Result<(), Trouble> {
    let out = std::io::stdout();
    let colors = out.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut out = out.lock();
    writeln!(out, "\nWhat the simulated cloud itself shows:\n{}", verdict.table(colors))?;
    let total =
        |wanted: Tally| totals.iter().filter(|(_, tally, _)| *tally == wanted).map(|(.., n)| n).sum::<f64>();
    let (minutes, seats) = (total(Tally::SeatSeconds) * args.speed / 60.0, total(Tally::SeatsReturned));
    if seats > 0.0 {
        writeln!(
            out,
            "Seat-minutes held per account, in life: {:.0} (the fixed hour would be 60).",
            minutes / seats
        )?;
    }
    let crashes = match crashed {
        0 => String::new(),
        1 => ", after 1 crash".to_owned(),
        n => format!(", after {n} crashes"),
    };
    if crashed < args.crash {
        writeln!(out, "Only {crashed} of {} crashes found their moment.", args.crash)?;
    }
    if verdict.wrong.is_empty() {
        writeln!(
            out,
            "Verified: {} accounts are enabled, non-interactive and unlicensed; {} are blocked as they must be; no license \
             is left and none was oversold. {:.0} s{crashes}.",
            verdict.accounts(),
            verdict.blocked(),
            took.as_secs_f64()
        )?;
    } else {
        writeln!(out, "NOT as it must be{crashes}:")?;
        for fault in &verdict.wrong {
            writeln!(out, "  {fault}")?;
        }
        if args.keep.is_some() {
            writeln!(out, "The daemon's log is {}.", folder.log().display())?;
        } else {
            writeln!(out, "Run it again with --keep DIR to see the daemon's log.")?;
        }
    }
    Ok(())
}
