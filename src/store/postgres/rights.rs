//! What must hold of the server and of our rights on it before anything is done.

use super::pen::Pen;
use super::schema;
use super::transact::{Applied, Verb};
use crate::store::StoreError;
use crate::store::sql::cells::Cells;
use std::collections::BTreeMap;

/// The oldest version that knows a transaction's long number, as `server_version_num` counts.
const VERSION_MIN: i64 = 130_000;

pub(super) const SERVER: &str = "
    SELECT current_setting('server_version_num')::bigint, pg_is_in_recovery(), current_setting('synchronous_commit'),
        current_setting('fsync'), current_user::text, current_schema()::text,
        coalesce(has_schema_privilege(current_schema(), 'CREATE'), FALSE), current_database()::text,
        current_setting('server_encoding'),
        (SELECT n.nspname::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE c.relname = 'meta' AND c.relkind = 'r' AND n.nspname = ANY(string_to_array(
             replace(replace(current_setting('search_path'), ' ', ''), '\"$user\"', current_user), ','))
           AND NOT has_schema_privilege(n.oid, 'USAGE') LIMIT 1)";

/// Every table of ours that is there and that we may not do everything to that we have to. Their sequences are those of
/// identity columns, which ask for no right of their own (PostgreSQL, CREATE TABLE, GENERATED AS IDENTITY).
pub(super) const MISSING: &str = "
    SELECT c.relname::text, array_to_string(ARRAY(
        SELECT p.right FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p (\"right\")
        WHERE NOT has_table_privilege(c.oid, p.right)), ', ')
    FROM pg_class AS c
    WHERE c.relnamespace = (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = coalesce($3, current_schema())) AND c.relkind = 'r' AND c.relname = ANY($1)
      AND NOT (has_table_privilege(c.oid, 'SELECT') AND (NOT $2 OR (has_table_privilege(c.oid, 'INSERT')
               AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))))
    ORDER BY c.relname";

/// The tables of the schema; a test compares them with the migrations.
pub(super) const TABLES: &[&str] = &[
    "meta",
    "workers",
    "receipts",
    "batches",
    "users",
    "requests",
    "lanes",
    "tenant_turns",
    "pools",
    "turns",
    "events",
    "counters",
    "tallies",
    "sealed_passwords",
    "rechecks",
    "sweeps",
    "findings",
    "watches",
    "operations",
    "operation_items",
];

/// Looks at the server.
pub(super) struct Check {
    /// Whether more is meant than reading.
    pub(super) writes: bool,
}

impl Verb for Check {
    type Answer = ();

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, ()> {
        Box::pin(async move {
            let Some(row) = pen.row(sqlx::query(SERVER)).await? else {
                return Err(StoreError::Failed("the server says nothing about itself".to_owned()));
            };
            let mut cells = Cells::of(&row);
            let server = Server {
                version: cells.int()?,
                is_standby: cells.flag()?,
                synchronous_commit: cells.take()?,
                fsync: cells.take()?,
                user: cells.take()?,
                schema: cells.take()?,
                may_create: cells.flag()?,
                database: cells.take()?,
                encoding: cells.take()?,
                closed_schema: cells.take()?,
            };
            server.check(self.writes)?;
            let schema = server.closed_schema.as_deref();
            let mut missing: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for row in pen.rows(sqlx::query(MISSING).bind(TABLES).bind(self.writes).bind(schema)).await? {
                let mut cells = Cells::of(&row);
                let (table, rights) = (cells.take()?, cells.take()?);
                missing.entry(rights).or_default().push(table);
            }
            // One statement for each set of rights: what a person is shown has a bound.
            let grants: Vec<String> = server
                .opens_schema()
                .into_iter()
                .chain(missing.iter().map(|(rights, tables)| server.grant(rights, tables)))
                .collect();
            if !grants.is_empty() {
                return Err(StoreError::Unreadable(format!(
                    "the user {} lacks rights on it; as the owner of the tables: {}",
                    server.user,
                    grants.join(" ")
                )));
            }
            if self.writes
                && schema::read_birth(pen).await?.is_none_or(|birth| birth.version < schema::KNOWN)
                && let Some(error) = server.cannot_create()
            {
                return Err(error);
            }
            Ok(())
        })
    }

    fn is_idempotent(&self) -> bool {
        true
    }
}

struct Server {
    version: i64,
    is_standby: bool,
    synchronous_commit: String,
    fsync: String,
    user: String,
    schema: Option<String>,
    may_create: bool,
    database: String,
    encoding: String,
    /// One that has tables of ours and that we may not use.
    closed_schema: Option<String>,
}

impl Server {
    fn check(&self, writes: bool) -> Result<(), StoreError> {
        let refuse = |why: String| Err(StoreError::Unreadable(why));
        if self.version < VERSION_MIN {
            return refuse(format!(
                "the server is PostgreSQL {}; version 13 or later is needed",
                self.version / 10_000
            ));
        }
        if self.encoding != "UTF8" {
            return refuse(format!(
                "its encoding is {}; create it with ENCODING 'UTF8' TEMPLATE template0",
                self.encoding
            ));
        }
        if !writes {
            return Ok(());
        }
        // What a standby lacks may have been done in the cloud already.
        if self.is_standby {
            return refuse("the server is a standby that follows another one; name the primary".to_owned());
        }
        if self.synchronous_commit == "off" {
            return refuse(format!(
                "synchronous_commit is off, so that what was answered could be lost; ALTER ROLE \"{}\" SET \
                 synchronous_commit = on;",
                self.user
            ));
        }
        if self.fsync == "off" {
            tracing::warn!(
                "fsync is off on the database server: a crash of its machine can destroy everything"
            );
        }
        Ok(())
    }

    /// The statement that lets the schema of the tables be used, if it has to be.
    fn opens_schema(&self) -> Option<String> {
        let schema = self.closed_schema.as_deref()?;
        Some(format!("GRANT USAGE ON SCHEMA \"{schema}\" TO \"{}\";", self.user))
    }

    /// The statement that gives what is missing.
    fn grant(&self, rights: &str, tables: &[String]) -> String {
        format!("GRANT {rights} ON {} TO \"{}\";", tables.join(", "), self.user)
    }

    /// Why an empty database cannot be filled.
    fn cannot_create(&self) -> Option<StoreError> {
        if self.may_create {
            return None;
        }
        let schema = self.schema.as_deref().unwrap_or("public");
        Some(StoreError::Unreadable(format!(
            "the user {} may create no tables in it; as its owner: GRANT CREATE, USAGE ON SCHEMA \"{schema}\" TO \"{}\"; \
             or: ALTER DATABASE \"{}\" OWNER TO \"{}\";",
            self.user, self.user, self.database, self.user
        )))
    }
}
