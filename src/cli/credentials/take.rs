//! `seatless credentials take`: passwords into a new file, sealed as they are, or opened with the taker's key. They are
//! opened here, by the taker; neither the daemon nor the database ever can.

use super::args::{OpenedFormat, TakeArgs};
use super::door::Door;
use super::opened_file::{Opened, content};
use super::out_file::{OutFile, create_folder};
use super::results::{Names, Tally, say};
use super::selection::{Selected, select};
use crate::app::settings::CredentialPolicy;
use crate::app::{HandedOver, Handover};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::trouble::Trouble;
use crate::domain::UserId;
use crate::provisioning::{OpeningKeys, armored};
use crate::store::{Password, PasswordStanding};
use secrecy::SecretString;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// More than any key file holds, in bytes.
const KEY_FILE_MAX: u64 = 64 * 1024;

pub(super) async fn run(context: &Context, args: &TakeArgs) -> Result<Exit, Trouble> {
    let resets = context.settings.credentials.policy == CredentialPolicy::Reset;
    let reader = context.reader().await?;
    let selected = select(&*reader, (&args.selection).into()).await?;
    reader.close().await?;
    let users = takable(&selected, resets);
    let missing =
        selected.passwords.iter().filter(|one| one.standing() == PasswordStanding::NoneKept).count();
    if missing > 0 && !selected.named && !resets {
        say(&format!(
            "No password is kept of {missing} users; `seatless credentials rotate` makes new ones."
        ))?;
    }
    if users.is_empty() {
        say("Nothing waits to be taken.")?;
        return Ok(Exit::Ok);
    }
    let form = Form::of(args, &selected, &users)?;
    let makes_new = selected.passwords.iter().any(|one| one.standing() == PasswordStanding::NoneKept);
    let door = Door::open(context, resets && makes_new).await?;
    // Whether the passwords can be written at all is known before any of them is recorded as seen.
    let target = match form.open() {
        Ok(target) => target,
        Err(trouble) => {
            door.close().await?;
            return Err(trouble);
        }
    };
    let (results, trouble) = door.take(&users).await;
    let mut tally = Tally::default();
    let mut taken = Taken::of(results, &selected, &mut tally);
    let written = target.write(&mut taken, &mut tally);
    let returned = door.give_back(&taken.missing()).await;
    door.close().await?;
    returned?;
    if tally.done > 0 {
        say(
            "Once you have stored them safely, say so with `seatless credentials acknowledge`: then they are destroyed here.",
        )?;
    }
    match written {
        Err(fault) => Err(fault.hint("what was taken can be taken again")),
        Ok(()) => tally.end(trouble),
    }
}

/// Of the named ones all, so that each is told why not; of the selected ones those of which something waits, or is missing.
fn takable(selected: &Selected, resets: bool) -> Vec<UserId> {
    let fits = |standing| match standing {
        PasswordStanding::Waiting | PasswordStanding::Taken | PasswordStanding::Uncertain => true,
        PasswordStanding::NoneKept => selected.named || resets,
        PasswordStanding::NotMade | PasswordStanding::NotOurs | PasswordStanding::Acknowledged => {
            selected.named
        }
    };
    selected.passwords.iter().filter(|one| fits(one.standing())).map(|one| one.user).collect()
}

/// The form in which passwords are written, before anything exists.
enum Form {
    Sealed(PathBuf),
    Folder(PathBuf),
    Opened(PathBuf, OpenedFormat, OpeningKeys),
}

impl Form {
    fn of(args: &TakeArgs, selected: &Selected, users: &[UserId]) -> Result<Self, Trouble> {
        match (&args.out, &args.out_folder, &args.identity) {
            (Some(file), _, Some(keys)) => {
                let format = OpenedFormat::of(args.format, file);
                Ok(Self::Opened(not_a_stream(file)?, format, read_keys(keys)?))
            }
            (Some(file), _, None) => {
                let of = |one: &&Password| users.contains(&one.user);
                let several =
                    selected.passwords.iter().filter(of).map(|one| one.kept.len().max(1)).sum::<usize>() > 1;
                if several {
                    return Err(Trouble::usage("a file holds one sealed password, and several are selected; nothing was taken")
                        .hint("write each into its own file with --out-folder DIR, or open them with --identity KEYFILE"));
                }
                Ok(Self::Sealed(not_a_stream(file)?))
            }
            (None, Some(folder), _) => Ok(Self::Folder(folder.clone())),
            (None, None, _) => Err(Trouble::usage("it needs --out FILE or --out-folder DIR")),
        }
    }

    fn open(self) -> Result<Target, Trouble> {
        Ok(match self {
            Self::Sealed(path) => Target::Sealed(OutFile::create(&path)?, path),
            Self::Folder(path) => {
                create_folder(&path)?;
                Target::Folder(path)
            }
            Self::Opened(path, format, keys) => Target::Opened(OutFile::create(&path)?, path, format, keys),
        })
    }
}

/// Passwords never go to a screen, or wherever standard output leads.
fn not_a_stream(file: &Path) -> Result<PathBuf, Trouble> {
    if file.as_os_str() == "-" {
        return Err(Trouble::usage("passwords are not written to standard output; nothing was taken")
            .hint("name a file that does not exist yet"));
    }
    Ok(file.to_owned())
}

fn read_keys(path: &Path) -> Result<OpeningKeys, Trouble> {
    use std::io::Read;
    let fault = |why: &str| Trouble::usage(format!("{}: {why}; nothing was taken", path.display()));
    let file = std::fs::File::open(path).map_err(|error| fault(&error.to_string()))?;
    let mut text = Zeroizing::new(String::with_capacity(4_096));
    file.take(KEY_FILE_MAX).read_to_string(&mut text).map_err(|error| fault(&error.to_string()))?;
    OpeningKeys::parse(&SecretString::from(text.as_str())).map_err(fault)
}

/// What was handed over, with whom it belongs to.
struct Taken<'a> {
    passwords: Vec<(&'a Password, Vec<HandedOver>)>,
    /// Those of whom everything is in a file.
    arrived: HashSet<UserId>,
}

impl<'a> Taken<'a> {
    fn of(results: Vec<Handover>, selected: &'a Selected, tally: &mut Tally) -> Self {
        let names = Names::of(&selected.passwords);
        let by_user: HashMap<UserId, &Password> =
            selected.passwords.iter().map(|one| (one.user, one)).collect();
        let mut passwords = Vec::new();
        for (user, result) in results {
            match (result, by_user.get(&user)) {
                (Ok(handed), Some(password)) => passwords.push((*password, handed)),
                (Ok(_), None) => {}
                (Err(failure), _) => tally.fail(names.name(user), failure),
            }
        }
        Self { passwords, arrived: HashSet::new() }
    }

    /// Those whose passwords were handed over and are in no file.
    fn missing(&self) -> Vec<UserId> {
        let handed = self.passwords.iter().map(|(password, _)| password.user);
        handed.filter(|user| !self.arrived.contains(user)).collect()
    }
}

/// Where passwords are written.
enum Target {
    Sealed(OutFile, PathBuf),
    Folder(PathBuf),
    Opened(OutFile, PathBuf, OpenedFormat, OpeningKeys),
}

impl Target {
    fn write(self, taken: &mut Taken<'_>, tally: &mut Tally) -> Result<(), Trouble> {
        match self {
            Self::Sealed(file, path) => sealed(file, &path, taken, tally),
            Self::Folder(path) => folder(&path, taken, tally),
            Self::Opened(file, path, format, keys) => opened(file, &path, format, &keys, taken, tally),
        }
    }
}

fn sealed(file: OutFile, path: &Path, taken: &mut Taken<'_>, tally: &mut Tally) -> Result<(), Trouble> {
    let mut handed =
        taken.passwords.iter().flat_map(|(password, handed)| handed.iter().map(move |one| (password, one)));
    let Some((password, one)) = handed.next() else { return Ok(()) };
    if handed.next().is_some() {
        return Err(Trouble::failure(
            "more than one password came, and a file holds one; nothing was written",
        )
        .hint("use --out-folder DIR, or open them with --identity KEYFILE"));
    }
    file.write(&armored(&one.sealed)?)?;
    taken.arrived.insert(password.user);
    let what = if one.certain { "sealed" } else { UNCERTAIN };
    tally.succeed(password.user_principal_name.as_str(), &format!("{what}, in {}", path.display()))
}

fn folder(folder: &Path, taken: &mut Taken<'_>, tally: &mut Tally) -> Result<(), Trouble> {
    for (password, handed) in &taken.passwords {
        let name = password.user_principal_name.as_str();
        let certain = handed.iter().all(|one| one.certain);
        for (place, one) in (1..).zip(handed) {
            let file = if handed.len() == 1 { format!("{name}.age") } else { format!("{name}.{place}.age") };
            OutFile::create(&folder.join(file.replace(['/', '\\'], "_")))?.write(&armored(&one.sealed)?)?;
        }
        taken.arrived.insert(password.user);
        tally.succeed(name, if certain { "sealed" } else { UNCERTAIN })?;
    }
    if tally.done == 0 {
        // It is ours and empty.
        std::fs::remove_dir(folder)?;
    }
    Ok(())
}

/// What is said where it is not known which password a user has.
const UNCERTAIN: &str = "nobody knows whether this is the one that the user has; rotate to be certain";

fn opened(
    file: OutFile,
    path: &Path,
    format: OpenedFormat,
    keys: &OpeningKeys,
    taken: &mut Taken<'_>,
    tally: &mut Tally,
) -> Result<(), Trouble> {
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    for (password, handed) in &taken.passwords {
        let name = password.user_principal_name.as_str();
        let certain = handed.iter().all(|one| one.certain);
        let (mut fault, before) = (None, rows.len());
        for one in handed {
            match keys.open(&one.sealed, &password.user_principal_name, one.intent) {
                Ok(secret) => rows.push(Opened {
                    user_principal_name: name.to_owned(),
                    tenant: password.tenant.clone(),
                    object_id: password.object_id,
                    intent: one.intent,
                    certain,
                    password: secret,
                }),
                Err(error) => fault = Some(error),
            }
        }
        match fault {
            None => lines.push((password, if certain { "opened" } else { UNCERTAIN })),
            Some(error) => {
                rows.truncate(before);
                tally.failed += 1;
                Trouble::failure(format!("{name}: {error}; it can be taken again")).tell();
            }
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    file.write(&content(format, &rows)?)?;
    taken.arrived.extend(lines.iter().map(|(password, _)| password.user));
    for (password, what) in lines {
        tally.succeed(password.user_principal_name.as_str(), &format!("{what}, in {}", path.display()))?;
    }
    Ok(())
}
