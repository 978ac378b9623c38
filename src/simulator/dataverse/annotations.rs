//! What is said beside the values on request (webapi/compose-http-requests-handle-errors, "Request annotations").

use serde_json::{Map, Value, json};

use crate::simulator::call::Call;
use crate::simulator::cloud::{Environment, Row};
use crate::simulator::reply::Reply;

const FORMATTED: &str = "OData.Community.Display.V1.FormattedValue";
const LOOKUP: &str = "Microsoft.Dynamics.CRM.lookuplogicalname";
const NAVIGATION: &str = "Microsoft.Dynamics.CRM.associatednavigationproperty";

/// The names of `Prefer: odata.include-annotations="…"`; a `*` at the end of a name stands for anything.
#[derive(Default)]
pub(super) struct Annotations {
    names: Vec<String>,
    preference: String,
}

impl Annotations {
    /// Those that a call asks for.
    pub(super) fn of(call: &Call) -> Self {
        let prefer = call.headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        let found = prefer.filter_map(|value| value.split_once("odata.include-annotations=")).next();
        let Some((_, rest)) = found else { return Self::default() };
        let list = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next().unwrap_or_default(),
            None => rest.split([',', ';']).next().unwrap_or_default(),
        };
        let names = list.split(',').map(|name| name.trim().to_owned()).collect();
        Self { names, preference: format!("odata.include-annotations=\"{list}\"") }
    }

    fn wants(&self, annotation: &str) -> bool {
        self.names.iter().any(|name| match name.strip_suffix('*') {
            Some(beginning) => annotation.starts_with(beginning),
            None => name == annotation,
        })
    }

    /// Says that the preference was heeded.
    pub(super) fn applied(&self, reply: &mut Reply) {
        if self.names.is_empty() {
            return;
        }
        let heeded = match reply.header("preference-applied") {
            Some(other) => format!("{other},{}", self.preference),
            None => self.preference.clone(),
        };
        reply.set("preference-applied", heeded);
    }

    /// Puts a row's annotations beside its columns (webapi/query/select-columns, "Formatted values").
    pub(super) fn annotate(&self, environment: &Environment, row: &Row, shown: &mut Map<String, Value>) {
        if self.names.is_empty() {
            return;
        }
        let columns: Vec<String> = shown.keys().filter(|name| !name.contains('@')).cloned().collect();
        for column in columns {
            if self.wants(FORMATTED)
                && let Some(text) = formatted(environment, row, &column, &shown[&column])
            {
                shown.insert(format!("{column}@{FORMATTED}"), json!(text));
            }
            if column == "_businessunitid_value" && self.wants(LOOKUP) {
                shown.insert(format!("{column}@{LOOKUP}"), json!("businessunit"));
            }
            if column == "_businessunitid_value" && self.wants(NAVIGATION) {
                shown.insert(format!("{column}@{NAVIGATION}"), json!("businessunitid"));
            }
        }
    }

    /// Puts a list's annotations beside its values; -1 stands for a number that nobody asked to count.
    pub(super) fn of_list(&self, counted: Option<usize>, limit: usize, body: &mut Value) {
        let count = counted.and_then(|count| i64::try_from(count.min(limit)).ok()).unwrap_or(-1);
        let all = [
            ("Microsoft.Dynamics.CRM.totalrecordcount", json!(count)),
            (
                "Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded",
                json!(counted.is_some_and(|count| count > limit)),
            ),
            ("Microsoft.Dynamics.CRM.globalmetadataversion", json!("1")),
        ];
        for (name, value) in all.into_iter().filter(|(name, _)| self.wants(name)) {
            body[format!("@{name}")] = value;
        }
    }

    /// Puts a refusal's annotations beside its code and message. Status and sub-code are those of plug-ins, and there are
    /// none here.
    pub(super) fn of_refusal(&self, reply: &mut Reply) {
        if self.names.is_empty() {
            return;
        }
        let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else { return };
        let Some(error) = body["error"].as_object_mut() else { return };
        let code =
            error.get("code").and_then(Value::as_str).unwrap_or_default().trim_start_matches("0x").to_owned();
        let message = error.get("message").cloned().unwrap_or_default();
        let link = format!(
            "http://go.microsoft.com/fwlink/?LinkID=398563&error=Microsoft.Crm.CrmException%3a{code}&client=platform"
        );
        let all = [
            ("Microsoft.PowerApps.CDS.HelpLink", json!(link)),
            ("Microsoft.PowerApps.CDS.TraceText", json!("")),
            ("Microsoft.PowerApps.CDS.InnerError.Message", message),
        ];
        for (name, value) in all.into_iter().filter(|(name, _)| self.wants(name)) {
            error.insert(format!("@{name}"), value);
        }
        reply.body = body.to_string().into();
    }
}

/// A value as people read it; nothing where it is read as it is (reference/entities/systemuser).
fn formatted(environment: &Environment, row: &Row, column: &str, value: &Value) -> Option<String> {
    let yes_or_no = |value: &Value| value.as_bool().map(|value| if value { "Yes" } else { "No" }.to_owned());
    match column {
        "accessmode" => {
            let names = [
                "Read-Write",
                "Administrative",
                "Read",
                "Support User",
                "Non-interactive",
                "Delegated Admin",
            ];
            names.get(usize::try_from(value.as_i64()?).ok()?).map(ToString::to_string)
        }
        "isdisabled" => value.as_bool().map(|value| if value { "Disabled" } else { "Enabled" }.to_owned()),
        "islicensed" | "issyncwithdirectory" | "setupuser" | "isintegrationuser" => yes_or_no(value),
        "_businessunitid_value" => {
            let unit = environment.business_units.iter().find(|unit| unit.id == row.business_unit);
            unit.map(|unit| unit.name.clone())
        }
        "createdon" => Some(row.createdon.format("%-m/%-d/%Y %-I:%M %p").to_string()),
        "modifiedon" => Some(row.modifiedon.format("%-m/%-d/%Y %-I:%M %p").to_string()),
        _ => None,
    }
}
