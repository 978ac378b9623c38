//! Looks at the accounts that are meant, again at those that were not found, and has healed what may be.

use super::super::args::VerifyArgs;
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::trouble::Trouble;
use super::verified::Verified;
use super::{ledger, page};
use crate::app::queries::{Pages, find_batch};
use crate::app::views::Verdict;
use crate::app::{Sighting, TokioTimer, find_request, places_for};
use crate::domain::{Code, Failure, RequestId, Sight, Status, Watch, look_pace};
use crate::engine::Timer;
use crate::provisioning::Lookout;
use crate::store::{Filter, Member, Store};
use futures_util::{StreamExt, stream};
use std::collections::{BTreeMap, HashMap};
use std::io::{BufWriter, Write};

/// How many environments are looked at side by side.
const CONCURRENT_MAX: usize = 4;

/// How often more than the policy asks for an account that was not found is looked for.
const SPARE_ROUNDS: u32 = 2;

pub(in super::super) async fn run(context: &Context, args: &VerifyArgs) -> Result<Exit, Trouble> {
    let reader = context.reader().await?;
    let members = meant(&*reader, args).await?;
    if members.is_empty() {
        writeln!(std::io::stderr().lock(), "There is no finished account like that.")?;
        return Ok(Exit::Ok);
    }
    context.settings.require_secrets()?;
    let lookout = Lookout::new(places_for(&context.settings, &context.clock, &context.ids)?);
    let mut accounts = look(context, &*reader, &lookout, members).await?;
    reader.close().await?;
    let mut trouble = false;
    if args.heal {
        for account in accounts.iter_mut().filter(|account| account.heals_from.is_some()) {
            match ledger::heal(context, account.id).await {
                Ok(()) => account.healing = true,
                Err(why) => {
                    why.about(&format!("{} in {}", account.user_principal_name, account.environment)).tell();
                    trouble = true;
                }
            }
        }
    }
    page::print(&mut BufWriter::new(std::io::stdout()), args.output, &accounts)?;
    if accounts.iter().any(|account| account.healing) && context.seems_idle().await {
        writeln!(
            std::io::stderr().lock(),
            "No daemon runs, so nothing is healed yet; start one with `seatless run`."
        )?;
    }
    Ok(exit_of(&accounts, trouble))
}

/// Drift outranks what could not be looked at: it is certain.
fn exit_of(accounts: &[Verified], trouble: bool) -> Exit {
    let any = |verdict| accounts.iter().any(|account| account.verdict == verdict);
    if any(Verdict::Drifted) {
        Exit::Drift
    } else if any(Verdict::Unseen) || trouble {
        Exit::Failure
    } else {
        Exit::Ok
    }
}

/// The finished accounts that are meant, in the order of submission.
async fn meant(reader: &dyn Store, args: &VerifyArgs) -> Result<Vec<Member>, Trouble> {
    let mut members = Vec::new();
    if !args.ids.is_empty() {
        for text in &args.ids {
            let member = find_request(reader, text).await?;
            let progress = &member.request.progress;
            if progress.status() != Status::Succeeded {
                return Err(Trouble::usage(format!(
                    "{text} is no finished account: it is {} at {}",
                    progress.status(),
                    progress.state
                ))
                .hint("`seatless show` tells how it stands"));
            }
            members.push(member);
        }
        members.sort_by_key(|member| member.request.id.0);
        members.dedup_by_key(|member| member.request.id);
        return Ok(members);
    }
    let batch = match &args.batch {
        Some(text) => Some(find_batch(reader, text).await?.id),
        None => None,
    };
    let filter = Filter {
        batch,
        tenant: args.tenant.clone(),
        environment: args.environment.clone(),
        status: Some(Status::Succeeded),
        ..Filter::default()
    };
    let mut pages = Pages::new(reader, filter, None, None);
    loop {
        let page = pages.next().await?;
        if page.is_empty() {
            return Ok(members);
        }
        members.extend(page);
    }
}

/// Looks at all of them, and as often as it takes at those that were not found; what the watch makes of it counts.
async fn look(
    context: &Context,
    reader: &dyn Store,
    lookout: &Lookout,
    members: Vec<Member>,
) -> Result<Vec<Verified>, Trouble> {
    let mut failures: HashMap<RequestId, Failure> = HashMap::new();
    let mut watches: HashMap<RequestId, Watch> = HashMap::new();
    let mut wanted: Vec<&Member> = members.iter().collect();
    for round in 0..context.settings.policy.absence_looks.saturating_add(SPARE_ROUNDS) {
        if round > 0 {
            let pace = look_pace(context.settings.policy.absence_window, &context.settings.policy);
            if round == 1 {
                let window = context.settings.policy.absence_window;
                let what = format!("{} not found; looking again, over {window:?}.", wanted.len());
                writeln!(std::io::stderr().lock(), "{what}")?;
            }
            TokioTimer.sleep(pace).await;
        }
        for sighting in look_once(context, lookout, &wanted).await? {
            match sighting.sight {
                Sight::Unseen { failure, .. } => drop(failures.insert(sighting.request, failure)),
                Sight::Found { .. } | Sight::Absent { .. } => drop(failures.remove(&sighting.request)),
            }
        }
        let ids = wanted.iter().map(|member| member.request.id).collect();
        watches.extend(reader.watches(ids).await?);
        wanted.retain(|member| {
            let id = member.request.id;
            !failures.contains_key(&id) && watches.get(&id).is_some_and(|watch| watch.evidence.is_some())
        });
        if wanted.is_empty() {
            break;
        }
    }
    for member in wanted {
        let failure = Failure::new(Code::RemoteUncertain, "It was not found, and that is not certain yet.");
        failures.insert(member.request.id, failure);
    }
    Ok(members.iter().map(|member| verdict(member, &failures, &watches)).collect())
}

fn verdict(
    member: &Member,
    failures: &HashMap<RequestId, Failure>,
    watches: &HashMap<RequestId, Watch>,
) -> Verified {
    let id = member.request.id;
    match (failures.get(&id), watches.get(&id)) {
        (Some(failure), _) => Verified::missed(member, failure),
        (None, Some(watch)) => Verified::seen(member, &watch.drifts),
        (None, None) => {
            let failure = Failure::new(Code::MachineInapplicable, "It was reopened meanwhile.");
            Verified::missed(member, &failure)
        }
    }
}

/// One look at each, environment by environment; noted, and given back.
async fn look_once(
    context: &Context,
    lookout: &Lookout,
    members: &[&Member],
) -> Result<Vec<Sighting>, Trouble> {
    let mut by_environment: BTreeMap<&str, Vec<Member>> = BTreeMap::new();
    for member in members {
        let environment = member.request.asked.environment.as_str();
        by_environment.entry(environment).or_default().push((*member).clone());
    }
    let groups: Vec<(&str, Vec<Member>)> = by_environment
        .into_iter()
        .flat_map(|(environment, members)| {
            let chunks: Vec<Vec<Member>> =
                members.chunks(Lookout::MEMBERS_MAX as usize).map(<[Member]>::to_vec).collect();
            chunks.into_iter().map(move |chunk| (environment, chunk))
        })
        .collect();
    let looks = groups.iter().map(|(environment, members)| async move {
        let looked_at = context.clock.now();
        let sights = lookout.look(environment, members).await;
        let sighting =
            |(member, sight): (&Member, Sight)| Sighting { request: member.request.id, looked_at, sight };
        members.iter().zip(sights).map(sighting).collect::<Vec<_>>()
    });
    let mut looks = stream::iter(looks).buffered(CONCURRENT_MAX);
    let mut all = Vec::new();
    while let Some(sightings) = looks.next().await {
        ledger::note(context, sightings.clone()).await?;
        all.extend(sightings);
    }
    Ok(all)
}
