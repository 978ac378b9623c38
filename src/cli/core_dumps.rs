//! No memory of ours on a disk: a core dump would hold passwords, tokens and client secrets as they are.

/// Has the system write none when we crash. Where it cannot be asked, everything goes on all the same.
#[cfg(unix)]
pub(super) fn off() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    // Dumps that are piped to a program ignore the limit (core(5)); they and debuggers respect this.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Elsewhere there is no such thing.
#[cfg(not(unix))]
pub(super) fn off() {}
