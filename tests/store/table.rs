//! The table of cases. A driver runs all of them by naming its factory once.

macro_rules! conformance {
    ($fresh:path) => {
        crate::suite::table::conformance! { @run $fresh;
            life: a_request_goes_all_the_way, a_history_tells_everything_in_order;
        }
    };
    (@run $fresh:path; $($file:ident: $($case:ident),+ $(,)?;)+) => {
        $(mod $file {
            $(#[tokio::test]
            async fn $case() {
                let world = crate::suite::world::World::of(Box::new($fresh())).await;
                crate::suite::cases::$file::$case(world).await;
            })+
        })+
    };
}
pub(crate) use conformance;
