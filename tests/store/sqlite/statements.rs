//! Every statement is one, and the hot ones find what they look for.

use super::factory::fresh;
use seatless::store::SqliteStore;
use sqlx::{AssertSqlSafe, Executor, Row};

#[tokio::test]
async fn every_statement_prepares() {
    let file = fresh();
    let store = file.own().await.unwrap();
    let mut bare = file.bare().await;
    for (name, sql) in SqliteStore::STATEMENTS {
        if let Err(error) = (&mut bare).prepare(sqlx::SqlSafeStr::into_sql_str(*sql)).await {
            panic!("{name}: {error}\n{sql}");
        }
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn print_plans() {
    let file = fresh();
    let _store = file.own().await.unwrap();
    let mut bare = file.bare().await;
    for (name, sql) in SqliteStore::STATEMENTS {
        let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
            .fetch_all(&mut bare)
            .await
            .unwrap();
        println!("== {name}");
        for row in plan {
            println!("   {}", row.get::<String, _>(3));
        }
    }
}
