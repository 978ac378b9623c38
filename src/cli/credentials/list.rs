//! `seatless credentials list`: what waits to be taken, acknowledged or made anew.

use super::args::ListArgs;
use super::results::say;
use super::selection::select;
use crate::app::settings::CredentialPolicy;
use crate::app::views::Moment;
use crate::cli::args::Output;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::output;
use crate::cli::terminal::{Cell, Column, Grid, Palette, width_of_stdout};
use crate::cli::trouble::Trouble;
use crate::domain::ObjectId;
use crate::store::{Password, PasswordStanding};
use serde::Serialize;
use std::io::{BufWriter, Write};

/// A user's password as it is listed; nothing of the password itself.
#[derive(Serialize)]
struct Listed {
    user_principal_name: String,
    tenant: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_id: Option<ObjectId>,
    standing: &'static str,
    kept: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_at: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged_at: Option<Moment>,
    next: &'static str,
}

pub(super) async fn run(context: &Context, args: &ListArgs) -> Result<Exit, Trouble> {
    let reader = context.reader().await?;
    let selected = select(&*reader, args.into()).await?;
    reader.close().await?;
    let policy = context.settings.credentials.policy;
    let everything = args.all || selected.named;
    let listed: Vec<Listed> = selected
        .passwords
        .iter()
        .filter(|one| everything || waits(one.standing(), policy))
        .map(|one| Listed::of(one, policy))
        .collect();
    let mut out = BufWriter::new(std::io::stdout());
    match args.output {
        Output::Table => table(&listed).write(&mut out, width_of_stdout())?,
        Output::Csv => output::csv(
            &mut out,
            [
                "user_principal_name",
                "tenant",
                "object_id",
                "standing",
                "kept",
                "taken_at",
                "acknowledged_at",
                "next",
            ],
            listed.iter().map(Listed::record),
        )?,
        Output::Json | Output::Jsonl | Output::Yaml => {
            let values = listed.iter().map(output::value).collect::<Result<_, _>>()?;
            output::documents(&mut out, args.output, "credentials", values)?;
        }
    }
    out.flush()?;
    if listed.is_empty() && args.output == Output::Table {
        say("No password waits for anybody; --all shows every user.")?;
    }
    Ok(Exit::Ok)
}

/// Whether somebody has something to do about it.
fn waits(standing: PasswordStanding, policy: CredentialPolicy) -> bool {
    match standing {
        PasswordStanding::Waiting | PasswordStanding::Taken | PasswordStanding::Uncertain => true,
        // By this policy nobody is meant to have one.
        PasswordStanding::NoneKept => policy != CredentialPolicy::Discard,
        PasswordStanding::NotMade | PasswordStanding::NotOurs | PasswordStanding::Acknowledged => false,
    }
}

const fn next(standing: PasswordStanding, policy: CredentialPolicy) -> &'static str {
    match (standing, policy) {
        (PasswordStanding::NotMade, _) => "wait until its user is created",
        (PasswordStanding::NotOurs, _) => "ask whoever owns the user",
        (PasswordStanding::Waiting, _) => "take it",
        (PasswordStanding::Taken, _) => "acknowledge it, or take it again",
        (PasswordStanding::Uncertain, _) => "rotate it: nobody knows which one is right",
        (PasswordStanding::Acknowledged, _) => "nothing",
        (PasswordStanding::NoneKept, CredentialPolicy::Reset) => "take it: a new one is made then",
        (PasswordStanding::NoneKept, CredentialPolicy::Seal) => "rotate it: none is kept",
        (PasswordStanding::NoneKept, CredentialPolicy::Discard) => "rotate it, if anybody needs one",
    }
}

impl Listed {
    fn of(password: &Password, policy: CredentialPolicy) -> Self {
        let standing = password.standing();
        Self {
            user_principal_name: password.user_principal_name.to_string(),
            tenant: password.tenant.clone(),
            object_id: password.object_id,
            standing: standing.as_str(),
            kept: password.kept.len(),
            taken_at: password.kept.iter().filter_map(|kept| kept.taken_at).max().map(Moment),
            acknowledged_at: password.acknowledged_at.map(Moment),
            next: next(standing, policy),
        }
    }

    fn record(&self) -> [String; 8] {
        let moment = |at: Option<Moment>| at.map(|at| at.to_string()).unwrap_or_default();
        [
            self.user_principal_name.clone(),
            self.tenant.clone(),
            self.object_id.map(|id| id.to_string()).unwrap_or_default(),
            self.standing.to_owned(),
            self.kept.to_string(),
            moment(self.taken_at),
            moment(self.acknowledged_at),
            self.next.to_owned(),
        ]
    }
}

fn table(listed: &[Listed]) -> Grid {
    let palette = Palette::of_stdout();
    let columns = [
        Column::cut("USER", 24),
        Column::cut("TENANT", 12),
        Column::keep("PASSWORD"),
        Column::drop("TAKEN"),
        Column::cut("NEXT", 24),
    ];
    let mut grid = Grid::new(columns, palette.heading());
    for one in listed {
        grid.row([
            Cell::new(&one.user_principal_name, palette.plain()),
            Cell::new(&one.tenant, palette.plain()),
            Cell::new(one.standing.replace('_', " "), palette.lively()),
            Cell::new(one.taken_at.map(Moment::to_the_second).unwrap_or_default(), palette.faint()),
            Cell::new(one.next, palette.plain()),
        ]);
    }
    grid
}
