//! One service's description (OpenAPI 3.0): its routes, and what they take and give.

use super::exchange::Exchange;
use super::schema::as_json_schema;
use bytes::Bytes;
use jsonschema::Validator;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

pub(super) struct Description {
    document: Value,
    routes: Vec<Route>,
    validators: RefCell<HashMap<String, Rc<Validator>>>,
}

struct Route {
    method: String,
    template: String,
    operation: Value,
    parameters: Vec<Value>,
}

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

impl Description {
    pub(super) fn new(document: Value) -> Self {
        let mut routes = Vec::new();
        for (template, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("methods") {
                if !METHODS.contains(&method.as_str()) {
                    continue;
                }
                let parameters = [&item["parameters"], &operation["parameters"]]
                    .into_iter()
                    .filter_map(Value::as_array)
                    .flatten()
                    .map(|parameter| resolved(&document, parameter).clone())
                    .collect();
                routes.push(Route {
                    method: method.to_uppercase(),
                    template: template.clone(),
                    operation: operation.clone(),
                    parameters,
                });
            }
        }
        Self { document, routes, validators: RefCell::default() }
    }

    /// Every route as method and template.
    pub(super) fn names(&self) -> impl Iterator<Item = String> + '_ {
        self.routes.iter().map(|route| format!("{} {}", route.method, route.template))
    }

    /// The route that an exchange takes, and what is wrong with it; nothing where no route is described.
    pub(super) fn judge(&self, exchange: &Exchange, path: &str) -> Option<(String, Vec<String>)> {
        let route = self.routes.iter().find(|route| {
            route.method == exchange.method && fits(&route.template, path.trim_end_matches('/'))
        })?;
        let name = format!("{} {}", route.method, route.template);
        let mut faults = self.in_query(route, exchange);
        faults.extend(self.in_request(&name, route, &exchange.asked));
        faults.extend(self.in_answer(&name, route, exchange));
        Some((name, faults))
    }

    fn in_query(&self, route: &Route, exchange: &Exchange) -> Vec<String> {
        let mut faults = Vec::new();
        for (key, text) in &exchange.query {
            let declared =
                |parameter: &&Value| parameter["in"] == "query" && parameter["name"] == key.as_str();
            let Some(parameter) = route.parameters.iter().find(declared) else {
                faults.push(format!("the request has a parameter {key} that nobody describes"));
                continue;
            };
            let schema = resolved(&self.document, &parameter["schema"]);
            let value = match schema["type"].as_str() {
                Some("array") => split(text).into_iter().map(Value::from).collect(),
                Some("integer" | "boolean") => serde_json::from_str(text).unwrap_or(json!(text)),
                Some(_) | None => json!(text),
            };
            let name = format!("{} {} ?{key}", route.method, route.template);
            faults.extend(self.against(&name, &parameter["schema"], &value, "the request's query"));
        }
        faults
    }

    fn in_request(&self, name: &str, route: &Route, body: &Bytes) -> Vec<String> {
        let described = resolved(&self.document, &route.operation["requestBody"]);
        let schema = &described["content"]["application/json"]["schema"];
        match (body.is_empty(), schema.is_null()) {
            (true, _) if described["required"] == true => vec!["the request lacks its body".to_owned()],
            (true, _) => Vec::new(),
            (false, true) => vec!["the request has a body that nobody describes".to_owned()],
            (false, false) => match serde_json::from_slice(body) {
                Ok(value) => self.against(&format!("{name} <"), schema, &value, "the request"),
                Err(_) => vec!["the request's body is not JSON".to_owned()],
            },
        }
    }

    fn in_answer(&self, name: &str, route: &Route, exchange: &Exchange) -> Vec<String> {
        let (status, body) = (exchange.status, &exchange.answered);
        let responses = &route.operation["responses"];
        let of = |key: &str| responses.get(key).map(|response| (key.to_owned(), response));
        let exact = status.to_string();
        let class = format!("{}XX", status / 100);
        let found = of(&exact).or_else(|| of(&class)).or_else(|| of("default"));
        // Where only refusals are described, a failure of the service has their shape.
        let Some((key, response)) = found.or_else(|| of("4XX").filter(|_| status >= 500)) else {
            return vec![format!("the answer {status} is not described")];
        };
        if status < 300 && key == "default" {
            return vec![format!("the success {status} is not described")];
        }
        let response = resolved(&self.document, response);
        let schema = &response["content"]["application/json"]["schema"];
        match (body.is_empty(), schema.is_null()) {
            (true, true) => Vec::new(),
            // Whoever is not signed in is challenged by a header.
            (true, false) if status == 401 => Vec::new(),
            (true, false) => vec![format!("the answer {status} lacks its body")],
            (false, true) => vec![format!("the answer {status} has a body that nobody describes")],
            (false, false) => match serde_json::from_slice(body) {
                Ok(mut value) => {
                    let mut faults = self.in_expansions(route, exchange, &mut value);
                    faults.extend(self.against(&format!("{name} {key}"), schema, &value, "the answer"));
                    faults
                }
                Err(_) => vec!["the answer's body is not JSON".to_owned()],
            },
        }
    }

    /// An expanded relation is what its own route answers; what was looked at here is taken out of the answer.
    fn in_expansions(&self, route: &Route, exchange: &Exchange, answer: &mut Value) -> Vec<String> {
        let expands = exchange.query.iter().filter(|(key, _)| key == "$expand");
        let mut faults = Vec::new();
        for relation in expands.flat_map(|(_, text)| split(text)) {
            let relation = relation.split('(').next().unwrap_or_default();
            let of_one = |template: &str| {
                template.starts_with(route.template.split('(').next().unwrap_or_default())
                    && template.ends_with(&format!(")/{relation}"))
            };
            let mut routes = self.routes.iter().filter(|route| route.method == "GET");
            let Some(own) = routes.find(|route| of_one(&route.template)) else { continue };
            let schema = &own.operation["responses"]["200"]["content"]["application/json"]["schema"];
            let name = format!("GET {} 200", own.template);
            let rows = match answer.get_mut("value") {
                Some(Value::Array(rows)) => rows.iter_mut().collect(),
                Some(_) | None => vec![&mut *answer],
            };
            for related in rows.into_iter().filter_map(|row| row.as_object_mut()?.remove(relation)) {
                faults.extend(self.against(
                    &name,
                    schema,
                    &json!({ "value": related }),
                    "the answer's relation",
                ));
            }
        }
        faults
    }

    fn against(&self, name: &str, schema: &Value, value: &Value, what: &str) -> Vec<String> {
        let known = self.validators.borrow().get(name).cloned();
        let validator = known.unwrap_or_else(|| {
            let mut schema = as_json_schema(schema.clone());
            schema["components"] = as_json_schema(self.document["components"].clone());
            let validator = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&schema);
            let validator = Rc::new(validator.unwrap_or_else(|error| panic!("{name}: {error}")));
            self.validators.borrow_mut().insert(name.to_owned(), Rc::clone(&validator));
            validator
        });
        let faults = validator.iter_errors(value);
        faults.map(|fault| format!("{what} at {:?}: {fault}", fault.instance_path().to_string())).collect()
    }
}

/// What a reference inside the document stands for.
fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    match value["$ref"].as_str().and_then(|target| target.strip_prefix('#')) {
        Some(pointer) => document.pointer(pointer).expect("a reference that leads somewhere"),
        None => value,
    }
}

/// Whether a path is one of a template, such as `/users/{user-id}` and `/systemusers({ownerid})`.
fn fits(template: &str, path: &str) -> bool {
    let (wanted, given): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    wanted.len() == given.len()
        && wanted.iter().zip(&given).all(|(wanted, given)| segment_fits(wanted, given))
}

fn segment_fits(wanted: &str, given: &str) -> bool {
    match (wanted.find('{'), wanted.find('}')) {
        (Some(open), Some(close)) => {
            let key =
                given.strip_prefix(&wanted[..open]).and_then(|rest| rest.strip_suffix(&wanted[close + 1..]));
            // An alternate key is another route.
            key.is_some_and(|key| !key.is_empty() && !key.contains(['=', '$']))
        }
        _ => wanted == given,
    }
}

/// The items of a list with commas, those inside parentheses left out: `a,b($select=c,d)` is `a` and `b`.
fn split(text: &str) -> Vec<String> {
    let mut depth = 0_u32;
    let mut items = vec![String::new()];
    for letter in text.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => items.push(String::new()),
            _ if depth == 0 => items.last_mut().expect("an item").push(letter),
            _ => {}
        }
    }
    items
}
