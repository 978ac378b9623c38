//! Who is typing.

use crate::store::{Actor, Origin};

/// The operating system's name for the person at the prompt, as histories show it.
pub(super) fn at_the_prompt() -> Actor {
    let name = ["SUDO_USER", "USER", "LOGNAME"]
        .into_iter()
        .filter_map(|variable| std::env::var(variable).ok())
        .find(|name| !name.trim().is_empty())
        .unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()));
    Actor { name, origin: Origin::Cli }
}
