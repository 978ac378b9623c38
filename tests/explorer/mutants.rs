//! The explorer itself under test: each wrong engine has to be noticed.

use crate::mutant::Mutant;
use crate::parallel::{in_parallel, say};
use crate::play::Without;
use crate::swarm::{run, text};

/// Within how many seeds each has to be noticed.
const SEEDS_MAX: u64 = 4_000;

/// Seeds that are known to notice it; the others are tried when the machine has changed so much that they do not.
const fn known(mutant: Mutant) -> u64 {
    match mutant {
        Mutant::NoFence => 9,
        Mutant::NoIntent => 1,
        Mutant::NoAdoption => 23,
        Mutant::AnotherName => 1,
        Mutant::TimeoutBelieved => 1559,
        Mutant::NoSweep => 112,
        Mutant::NoRecheck => 1126,
        Mutant::LicenseBeforeMode => 3,
        Mutant::SeatReturnedEarly => 3,
        Mutant::DeadlineWithoutLook => 2,
        Mutant::ReleasedOnDrop => 1,
        Mutant::SiblingsIgnored => 3,
        Mutant::AbsenceBelieved => 3,
        Mutant::ForeignLicenseTaken => 2,
    }
}

/// The first seed that notices it, and by what.
fn noticed(mutant: Mutant) -> Option<(u64, String)> {
    let seeds = if text("SEATLESS_MUTANTS").is_some() { 0..=0 } else { known(mutant)..=known(mutant) };
    seeds.chain(1..=SEEDS_MAX).filter(|seed| *seed > 0).find_map(|seed| {
        let ending = run(seed, &Without::default(), Some(mutant), false);
        ending.faults.first().map(|fault| (seed, fault.clone()))
    })
}

#[test]
fn every_wrong_engine_is_noticed() {
    // Names those whose seeds are to be found anew; without it, all, with the seeds that are known.
    let wanted = text("SEATLESS_MUTANTS");
    let is_wanted = |mutant: &&Mutant| {
        wanted.as_ref().is_none_or(|names| names == "all" || names.contains(&format!("{mutant:?}")))
    };
    let mutants: Vec<Mutant> = Mutant::ALL.iter().filter(is_wanted).copied().collect();
    let noticed = in_parallel(&mutants, |mutant| {
        let noticed = noticed(*mutant);
        match &noticed {
            Some((seed, fault)) => {
                say(&format!("{mutant:?}: seed {seed}: {}", fault.chars().take(150).collect::<String>()))
            }
            None => say(&format!("{mutant:?}: NOT NOTICED")),
        }
        noticed.is_some()
    });
    let missed: Vec<&Mutant> =
        mutants.iter().zip(noticed).filter(|(_, seen)| !seen).map(|(m, _)| m).collect();
    assert!(missed.is_empty(), "nobody noticed {missed:?} within {SEEDS_MAX} seeds");
}
