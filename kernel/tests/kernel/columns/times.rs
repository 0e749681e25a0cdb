//! Times of a resource are stored and compared as UTC in microseconds, whatever their offset and precision.
use kernel::{Actor, Code, CrudOperations, Error, Kernel, Refusal, query::ListQuery};
use sea_orm::prelude::DateTimeWithTimeZone;

use super::{
    TOYSHOP, ids, page, refused,
    toys::{NewToy, ToyPatch, Toys},
    write,
};
use crate::databases::on_each;

fn parse_time(text: &str) -> DateTimeWithTimeZone {
    text.parse().unwrap()
}

async fn toy(kernel: &Kernel, starts_at: &str) -> Result<i64, Error> {
    let new = NewToy {
        starts_at: Some(parse_time(starts_at)),
        ..NewToy::default()
    };
    let made = write(kernel, async |tx| Toys::create(tx, &new).await).await;
    made.map(|found| found.id)
}

async fn found(kernel: &Kernel, filter: &str, value: &str) -> Vec<i64> {
    ids(&page(kernel, &[(filter, value), ("sort", "id")]).await)
}

#[tokio::test]
async fn an_offset_of_a_time_does_not_change_which_rows_are_found() {
    on_each(TOYSHOP, async |kernel| {
        let early = toy(&kernel, "2026-05-02T00:30:00+05:00").await.unwrap();
        let late = toy(&kernel, "2026-05-01T15:00:00-06:00").await.unwrap();

        let gte = "starts_at[gte]";
        assert_eq!(found(&kernel, gte, "2026-05-01T20:00:00Z").await, [late]);
        assert_eq!(
            found(&kernel, gte, "2026-05-01T19:30:00Z").await,
            [early, late]
        );
        assert_eq!(
            found(&kernel, "starts_at", "2026-05-01T19:30:00Z").await,
            [early]
        );
        let first = page(&kernel, &[("sort", "starts_at"), ("limit", "1")]).await;
        let next = first.next.clone().unwrap();
        let second = page(
            &kernel,
            &[("sort", "starts_at"), ("limit", "1"), ("cursor", &next)],
        )
        .await;
        assert_eq!((ids(&first), ids(&second)), (vec![early], vec![late]));
    })
    .await;
}

#[tokio::test]
async fn a_time_stays_the_same_in_later_reads_and_changes() {
    on_each(TOYSHOP, async |kernel| {
        let id = toy(&kernel, "2026-05-01T20:00:00.123456789Z")
            .await
            .unwrap();
        let patch = |time: &str| ToyPatch {
            starts_at: Some(Some(parse_time(time))),
            ..ToyPatch::default()
        };
        let update = async |time: &str| {
            let patch = patch(time);
            let done = write(&kernel, async |tx| Toys::update(tx, id, &patch).await);
            done.await.unwrap()
        };

        let read = Toys::visible_row(&kernel.session(Actor::System), id)
            .await
            .unwrap();
        assert_eq!(
            read.row.starts_at,
            Some(parse_time("2026-05-01T20:00:00.123456Z"))
        );
        assert_eq!(read.row.starts_at.unwrap().offset().local_minus_utc(), 0);
        // This is the same instant, so nothing changes.
        assert_eq!(
            update("2026-05-01T22:00:00.1234567+02:00")
                .await
                .state
                .version,
            1
        );
        let changed = update("2016-12-31T23:59:60Z").await;
        assert_eq!(
            changed.row.starts_at,
            Some(parse_time("2017-01-01T00:00:00Z"))
        );
        let reverted = write(&kernel, async |tx| Toys::revert(tx, id, 1).await).await;
        assert_eq!(
            reverted.unwrap().row.starts_at,
            Some(parse_time("2026-05-01T20:00:00.123456Z"))
        );
    })
    .await;
}

#[tokio::test]
async fn an_invalid_time_is_refused_with_its_field() {
    on_each(TOYSHOP, async |kernel| {
        let expect = |refusals: Vec<Refusal>, place: &str| {
            assert_eq!(refusals[0].at, place);
            assert_eq!(refusals[0].code, Code::OutOfRange);
        };

        for time in ["0000-01-01T00:30:00+01:00", "9999-12-31T23:30:00-01:00"] {
            expect(refused(toy(&kernel, time).await), "/starts_at");
            let patch = ToyPatch {
                starts_at: Some(Some(parse_time(time))),
                ..ToyPatch::default()
            };
            let update = write(&kernel, async |tx| Toys::update(tx, 1, &patch).await);
            expect(refused(update.await), "/starts_at");
            let query = ListQuery::<Toys>::parse([("starts_at[lt]", time)], kernel.registry());
            expect(refused(query), "starts_at[lt]");
        }
    })
    .await;
}
