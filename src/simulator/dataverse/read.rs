//! Reading users (webapi/query/filter-rows, page-results, count-rows).

use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{base, framed};
use super::query::{Options, PAGE_MAX, fits, options};
use super::refusal::{no_such_row, unreadable};
use super::view;
use crate::simulator::cloud::{Environment, Row};
use crate::simulator::odata::{arrange, wanted};
use crate::simulator::reply::Reply;
use crate::simulator::turn::{Answer, Turn};

/// `GET systemusers`.
pub(super) fn list(turn: &mut Turn<'_>, index: usize) -> Answer {
    let options = options(turn)?;
    let environment = &turn.cloud.environments[index];
    let mut found = select(environment, &options)?;
    let total = found.len();
    if let Some(order) = &options.order {
        arrange(&mut found, order).map_err(|name| view::unknown("systemusers", &name))?;
    }
    if let Some(top) = options.top {
        found.truncate(top);
    }
    let page: Vec<&&Row> = found.iter().skip(options.from).take(options.page_size).collect();
    let touched: Vec<Uuid> = page.iter().map(|row| row.id).collect();
    let values: Result<Vec<Value>, Reply> =
        page.into_iter().map(|row| view::user(environment, row, &options)).collect();
    let mut body = framed(turn, "systemusers", values?);
    if options.count {
        body["@odata.count"] = json!(total.min(PAGE_MAX));
    }
    options.annotations.of_list(options.count.then_some(total), PAGE_MAX, &mut body);
    let next = options.from + options.page_size;
    if next < found.len() {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(turn.call.query.iter().filter(|(name, _)| name != "$skiptoken"));
        query.append_pair("$skiptoken", &next.to_string());
        body["@odata.nextLink"] =
            json!(format!("{}{}?{}", turn.call.origin(), turn.call.path, query.finish()));
    }
    let paged = turn.call.header("prefer").is_some_and(|prefer| prefer.contains("maxpagesize"));
    turn.notes.touched.extend(touched);
    let reply = Reply::json(200, &body);
    Ok(if paged {
        reply.with("preference-applied", format!("odata.maxpagesize={}", options.page_size))
    } else {
        reply
    })
}

/// `GET systemusers/$count`: a bare number.
pub(super) fn count(turn: &mut Turn<'_>, index: usize) -> Answer {
    let options = options(turn)?;
    let found = select(&turn.cloud.environments[index], &options)?.len().min(PAGE_MAX);
    Ok(Reply::empty(200).typed("text/plain", found.to_string()))
}

/// `GET systemusers({id})`.
pub(super) fn one(turn: &mut Turn<'_>, index: usize, key: &str) -> Answer {
    let options = options(turn)?;
    let mut id = id_of(turn, index, key)?;
    turn.touch(id);
    if turn.swap {
        let rows = &turn.cloud.environments[index].rows;
        let others: Vec<Uuid> = rows.keys().copied().filter(|other| *other != id).collect();
        if !others.is_empty() {
            id = others[turn.cloud.luck.index(others.len())];
        }
    }
    let environment = &turn.cloud.environments[index];
    let row = environment.rows.get(&id).ok_or_else(|| no_such_row("systemuser", id))?;
    let tag = view::etag(row);
    if turn.call.header("if-none-match") == Some(tag.as_str()) {
        return Ok(Reply::empty(304));
    }
    let mut body = view::user(environment, row, &options)?;
    body["@odata.context"] = json!(format!("{}/$metadata#systemusers/$entity", base(turn)));
    Ok(Reply::json(200, &body).with("etag", tag))
}

/// `GET systemusers({id})/systemuserroles_association`.
pub(super) fn roles(turn: &mut Turn<'_>, index: usize, key: &str) -> Answer {
    let options = options(turn)?;
    let id = id_of(turn, index, key)?;
    let environment = &turn.cloud.environments[index];
    let row = environment.rows.get(&id).ok_or_else(|| no_such_row("systemuser", id))?;
    let mut values = Vec::new();
    for role in environment.roles.iter().filter(|role| row.roles.contains(&role.id)) {
        if fits(&options, role, "roles")? {
            values.push(view::body(role, "roles", options.select.as_deref())?);
        }
    }
    turn.touch(id);
    Ok(Reply::json(200, &framed(turn, "roles", values)))
}

/// The row a path's key names: its id, or the alternate key `azureactivedirectoryobjectid=…`.
pub(super) fn id_of(turn: &Turn<'_>, index: usize, key: &str) -> Result<Uuid, Reply> {
    if let Some(object) = key.strip_prefix("azureactivedirectoryobjectid=") {
        let object =
            Uuid::try_parse(object).map_err(|_| unreadable("Bad Request - Error in query syntax."))?;
        let row = turn.cloud.environments[index].row_of(object);
        return row.map(|row| row.id).ok_or_else(|| no_such_row("systemuser", object));
    }
    Uuid::try_parse(key).map_err(|_| unreadable("Bad Request - Error in query syntax."))
}

/// The rows wanted; a question for certain ids is answered from the index.
fn select<'a>(environment: &'a Environment, options: &Options) -> Result<Vec<&'a Row>, Reply> {
    let keyed = |field: &str| options.filter.as_ref().and_then(|filter| wanted(filter, field));
    let ids = |texts: Vec<String>| -> Vec<Uuid> {
        texts.iter().filter_map(|text| Uuid::try_parse(text).ok()).collect()
    };
    let objects = keyed("azureactivedirectoryobjectid").filter(|_| !environment.has_strange_rows);
    let candidates: Vec<&Row> = if let Some(objects) = objects {
        ids(objects).into_iter().filter_map(|object| environment.row_of(object)).collect()
    } else if let Some(keys) = keyed("systemuserid") {
        ids(keys).iter().filter_map(|id| environment.rows.get(id)).collect()
    } else {
        environment.rows.values().collect()
    };
    let mut found: Vec<&Row> = Vec::new();
    for row in candidates {
        if !found.iter().any(|present| present.id == row.id) && fits(options, row, "systemusers")? {
            found.push(row);
        }
    }
    Ok(found)
}
