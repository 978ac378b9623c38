//! The example world and its accounts fit each other.

use std::collections::{HashMap, HashSet};

use seatless::simulator::World;

const ACCOUNTS: &str = include_str!("../../config/examples/accounts.csv");
const WORLD: &str = include_str!("../../config/examples/world.toml");

#[test]
fn the_accounts_fit_the_world_but_for_the_three_that_say_so() {
    let world = World::from_toml(WORLD).expect("a sound world");
    let mut slots = HashMap::new();
    let mut roles: HashMap<&str, HashSet<&str>> = HashMap::new();
    for environment in world.tenants.iter().flat_map(|tenant| &tenant.environments) {
        let free = environment.non_interactive_max - environment.non_interactive_others;
        slots.insert(environment.name.as_str(), free);
        roles.insert(&environment.name, environment.roles.iter().map(String::as_str).collect());
    }
    assert_eq!((world.tenants.len(), slots.len()), (3, 12));
    let taken: HashSet<&str> =
        world.tenants.iter().flat_map(|tenant| &tenant.users).map(|user| user.upn.as_str()).collect();
    let mut reader = csv::Reader::from_reader(ACCOUNTS.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("CSV");
    assert_eq!(rows.len(), 60);
    let mut environments: HashMap<String, Vec<String>> = HashMap::new();
    let mut blocked = Vec::new();
    for row in &rows {
        let (name, environment, role, note) = (&row[0], &row[4], &row[8], &row[11]);
        let expected = if slots[environment] == 0 {
            "expected: blocked dataverse.no-slot"
        } else if taken.contains(name) {
            "expected: blocked graph.name-taken"
        } else if !roles[environment].contains(role) {
            "expected: blocked dataverse.role-unknown"
        } else {
            "expected: succeeded"
        };
        assert_eq!(note, expected, "{row:?}");
        if expected != "expected: succeeded" {
            blocked.push(expected);
        }
        if slots[environment] > 0 {
            *slots.get_mut(environment).expect("known") -= 1;
        }
        environments.entry(name.to_owned()).or_default().push(environment.to_owned());
    }
    assert_eq!((blocked.len(), blocked.into_iter().collect::<HashSet<_>>().len()), (3, 3));
    let siblings = environments.values().filter(|places| places.len() > 1).count();
    assert_eq!(siblings, 1);
}
