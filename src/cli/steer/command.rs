//! Named requests one by one, and everything else as an operation.

use super::super::context::Context;
use super::super::exit::Exit;
use super::super::filter::{filter_of, in_words};
use super::super::order;
use super::super::trouble::Trouble;
use super::args::SteerArgs;
use super::bulk::carry_out;
use super::preview::{Preview, ask};
use crate::app::find_request;
use crate::app::queries::Pages;
use crate::domain::Steering;
use crate::store::{Filter, Member, Store};
use std::io::Read;

pub(in super::super) async fn run(
    context: &Context,
    args: &SteerArgs,
    verb: Steering,
) -> Result<Exit, Trouble> {
    let alone = args.reason.is_none() && !args.dry_run;
    let store = context.reader().await?;
    let filter = filter_of(&*store, &args.filter, context.clock.now()).await?;
    let is_filtered = filter != Filter::default() || args.all;
    let named = !args.ids.is_empty() || args.ids_from.is_some();
    if named == is_filtered {
        let sentence = if named {
            "requests are either named or selected by a filter, not both; nothing was done"
        } else {
            "no request is named, and no filter selects any; nothing was done"
        };
        return Err(Trouble::usage(sentence).hint(
            "name requests by their ids, or select them, such as with --batch latest; --all means every one",
        ));
    }
    if !args.ids.is_empty() && alone {
        store.close().await?;
        return order::run(context, &args.ids, verb.command()).await;
    }
    let (selection, members) = if named {
        let ids = named_ids(args)?;
        (format!("{} named requests", ids.len()), by_name(&*store, &ids).await?)
    } else {
        (in_words(&filter), selected(&*store, filter).await?)
    };
    store.close().await?;
    let preview = Preview::of(members, verb, context, named);
    if preview.requests.is_empty() {
        preview.show(&selection)?;
        return Ok(if named { Exit::Failure } else { Exit::Ok });
    }
    if args.dry_run {
        preview.show(&selection)?;
        return Ok(Exit::Ok);
    }
    // Whoever types ids has looked at them.
    if !args.yes && args.ids.is_empty() {
        preview.show(&selection)?;
        ask(&preview)?;
    }
    carry_out(context, preview, selection, args.reason.clone()).await
}

fn named_ids(args: &SteerArgs) -> Result<Vec<String>, Trouble> {
    let Some(path) = &args.ids_from else { return Ok(args.ids.clone()) };
    let mut text = String::new();
    if path.as_os_str() == "-" {
        std::io::stdin().lock().read_to_string(&mut text)?;
    } else {
        text = std::fs::read_to_string(path)
            .map_err(|error| Trouble::usage(format!("{}: {error}; nothing was done", path.display())))?;
    }
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

async fn by_name(store: &dyn Store, ids: &[String]) -> Result<Vec<Member>, Trouble> {
    let mut members = Vec::with_capacity(ids.len());
    for text in ids {
        let member = find_request(store, text).await;
        members.push(member.map_err(|error| Trouble::usage(format!("{error}; nothing was done")))?);
    }
    Ok(members)
}

async fn selected(store: &dyn Store, filter: Filter) -> Result<Vec<Member>, Trouble> {
    let mut pages = Pages::new(store, filter, None, None);
    let mut members = Vec::new();
    loop {
        let page = pages.next().await?;
        if page.is_empty() {
            return Ok(members);
        }
        members.extend(page);
    }
}
