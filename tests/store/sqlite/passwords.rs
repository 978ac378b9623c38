//! What the file promises about passwords: they are destroyed for good, and older databases are understood.

use super::factory::fresh;
use crate::suite::build::ask;
use crate::suite::world::World;
use seatless::domain::{IntentId, Outcome};
use seatless::store::{MIGRATIONS, PasswordStanding, Passwords, UserOrigin};
use sqlx::{AssertSqlSafe, Connection};
use std::sync::Arc;

/// A database as the first release left it: with users that were made, and sealed passwords of their creates.
async fn of_the_first_release() -> super::factory::File {
    let file = fresh();
    let mut bare = {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file.path()).create_if_missing(true);
        sqlx::SqliteConnection::connect_with(&options).await.unwrap()
    };
    let (_, _, first) = MIGRATIONS[0];
    sqlx::raw_sql(AssertSqlSafe(first)).execute(&mut bare).await.unwrap();
    bare.close().await.unwrap();
    file
}

#[tokio::test]
async fn an_older_database_knows_the_password_of_an_only_create() {
    let file = of_the_first_release().await;
    for (user, intents) in [(1, &[1][..]), (2, &[2, 3]), (3, &[4])] {
        insert(&file, user, intents).await;
    }
    // Of the third user a second create was begun that sealed nothing: its password may be the right one.
    file.meddle("INSERT INTO events (occurred_at, machine_version, request, user, actor, origin, intent, kind, from_state, to_state)
        SELECT 0, 1, id, user, 'engine', 'engine', zeroblob(16), 'begun', 'requested', 'requested' FROM requests WHERE id = unhex('00000000000000000000000000000003')").await;
    bring_up_to_date(&file).await;
    let mut bare = file.bare().await;
    let rows =
        sqlx::query("SELECT iif(password_intent IS NULL, NULL, hex(password_intent)) FROM users ORDER BY id")
            .fetch_all(&mut bare)
            .await
            .unwrap();
    let known: Vec<Option<String>> = rows.iter().map(|row| sqlx::Row::get(row, 0)).collect();
    assert_eq!(known, [Some(format!("{:032}", 1)), None, None]);
}

/// Applies the migration of the passwords, as the owner does with those before it.
async fn bring_up_to_date(file: &super::factory::File) {
    let mut bare = file.bare().await;
    let (_, _, text) = MIGRATIONS.iter().find(|(_, name, _)| *name == "passwords").unwrap();
    sqlx::raw_sql(AssertSqlSafe(*text)).execute(&mut bare).await.unwrap();
    bare.close().await.unwrap();
}

async fn insert(file: &super::factory::File, user: u32, intents: &[u32]) {
    let mut bare = file.bare().await;
    let id = format!("unhex('{user:032}')");
    let mut sql = format!(
        "INSERT OR IGNORE INTO batches (id, source, actor, origin, opened_at) VALUES (zeroblob(16), 'f', 'grace', 'cli', 0);
         INSERT INTO users (id, tenant, tenant_id, user_principal_name, display_name, given_name, surname, usage_location,
             license, print, object_id, origin)
         VALUES ({id}, 'contoso', zeroblob(16), 'svc-{user}@contoso.com', 'a', 'b', 'c', 'GB', zeroblob(16), zeroblob(32),
             {id}, 'made');
         INSERT INTO requests (id, batch, user, tenant, environment, tenant_id, environment_id, dataverse_origin, license,
             security_roles, on_existing, priority, print, submitted_at, staged, state, status, paused, waiting, entered_at,
             updated_at)
         VALUES ({id}, zeroblob(16), {id}, 'contoso', 'dev', zeroblob(16), zeroblob(16), 'https://dev', zeroblob(16), '[]',
             'block', 0, zeroblob(32), 0, 0, 'unlicensed', 'succeeded', 0, 0, 0, 0);"
    );
    for intent in intents {
        sql.push_str(&format!(
            "INSERT INTO sealed_passwords VALUES (unhex('{intent:032}'), {id}, x'00', 0);
             INSERT INTO events (occurred_at, machine_version, request, user, actor, origin, intent, kind, from_state, to_state)
             VALUES (0, 1, {id}, {id}, 'engine', 'engine', unhex('{intent:032}'), 'begun', 'requested', 'requested');"
        ));
    }
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut bare).await.unwrap();
    bare.close().await.unwrap();
}

#[tokio::test]
async fn after_a_restore_nobody_knows_whether_a_password_was_changed_since() {
    let file = Arc::new(fresh());
    let world = World::of(Box::new(Arc::clone(&file))).await;
    let ids = world.submit(&[ask("ada")]).await;
    world.offer_slots("dev", 9).await;
    let group = world.claim_one().await;
    world.finish(&group, Outcome::Advanced).await;
    let group = world.claim_one().await;
    let member = &group.members[0];
    let mut begin = world.begin_of(member, IntentId(world.id()));
    begin.sealed_password = Some(vec![7; 9]);
    let intent = begin.intent;
    world.begin(vec![begin]).await;
    let mut row = world.row(member, world.report(member, Outcome::Advanced));
    row.learned.origin = Some(UserOrigin::Made);
    row.learned.password_intent = Some(intent);
    world.commit(world.commit_of(vec![row], Some(&group))).await;
    let user = world.member(ids[0]).await.user.id;
    let store = file.opened();
    let standing = async || store.passwords(vec![user]).await.unwrap()[0].standing();
    assert_eq!(standing().await, PasswordStanding::Waiting);
    file.meddle("UPDATE meta SET standing = 'restored', standing_since = 1800000001000000").await;
    assert_eq!(standing().await, PasswordStanding::Uncertain);
    // A person's confirmation brings the lost history not back.
    file.meddle("UPDATE meta SET standing = 'trusted'").await;
    assert_eq!(standing().await, PasswordStanding::Uncertain);
}
