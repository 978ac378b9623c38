//! How Graph reads a path: its words without regard to case, its keys as they are (concepts/use-the-api, "Resource").

/// Every path that is answered, below the version; `{}` stands for a key.
const PATHS: &[&str] = &[
    "users",
    "users/$count",
    "users/{}",
    "users/{}/assignLicense",
    "users/{}/checkMemberGroups",
    "users/{}/getMemberGroups",
    "users/{}/licenseDetails",
    "users/{}/manager",
    "users/{}/memberOf",
    "users/{}/memberOf/microsoft.graph.directoryRole",
    "users/{}/memberOf/microsoft.graph.group",
    "users/{}/reprocessLicenseAssignment",
    "users/{}/transitiveMemberOf",
    "users/{}/transitiveMemberOf/microsoft.graph.directoryRole",
    "users/{}/transitiveMemberOf/microsoft.graph.group",
    "roleManagement/directory/roleAssignments",
    "subscribedSkus",
    "subscribedSkus/{}",
    "groups",
    "groups/{}",
    "groups/{}/members",
    "groups/{}/members/$ref",
    "groups/{}/members/{}/$ref",
    "groups/{}/transitiveMembers",
    "directory/deletedItems",
    "directory/deletedItems/microsoft.graph.user",
    "directory/deletedItems/microsoft.graph.user/{}",
    "directory/deletedItems/{}",
    "directory/deletedItems/{}/restore",
    "directoryObjects/{}",
    "servicePrincipals",
    "servicePrincipals/{}",
    "organization",
    "organization/{}",
    "domains",
    "domains/{}",
    "$batch",
];

/// What becomes of a path.
pub(super) enum Path {
    /// A path that is answered, in the spelling of [`PATHS`].
    Known(Vec<String>),
    /// There is nothing of this name.
    Unknown(String),
}

/// Reads the segments below the version. `users('key')` is `users/key`, and an action may have its namespace in front.
pub(super) fn read(route: &[&str]) -> Path {
    let segments: Vec<String> = route.iter().flat_map(|segment| taken_apart(segment)).collect();
    let best = PATHS.iter().map(|path| (spelled(path, &segments), path)).max_by_key(|(known, path)| {
        // The longest way that is known; among those, one without keys.
        (known.len(), known.len() == path.split('/').count(), std::cmp::Reverse(path.matches("{}").count()))
    });
    match best {
        Some((known, path)) if known.len() == segments.len() && path.split('/').count() == known.len() => {
            Path::Known(known)
        }
        Some((known, _)) if known.len() < segments.len() => Path::Unknown(segments[known.len()].clone()),
        _ => Path::Unknown(segments.last().cloned().unwrap_or_default()),
    }
}

fn taken_apart(segment: &str) -> Vec<String> {
    match segment.split_once('(') {
        Some((set, rest)) if !set.is_empty() && rest.ends_with(')') => {
            let key = rest.trim_end_matches(')');
            vec![set.to_owned(), key.trim_matches('\'').to_owned()]
        }
        _ => vec![segment.to_owned()],
    }
}

/// As many segments as fit a path, as they are spelled there.
fn spelled(path: &str, segments: &[String]) -> Vec<String> {
    let words = path.split('/').zip(segments).map_while(|(word, segment)| match word {
        "{}" if !segment.starts_with('$') => Some(segment.clone()),
        _ => {
            let bare = segment.strip_prefix("microsoft.graph.").unwrap_or(segment);
            (word.eq_ignore_ascii_case(segment) || word.eq_ignore_ascii_case(bare)).then(|| word.to_owned())
        }
    });
    words.collect()
}
