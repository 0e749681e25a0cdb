//! `/audit`: the audit log as a list, its counts, and whether it is as it was sealed.
use kernel::{
    Audit,
    audit::{self, Verdict},
};
use web::{AuditView, prelude::*, stats};

/// The most problems of one answer.
const MAX_PROBLEMS: usize = 100;

pub fn routes() -> Vec<Route> {
    let reads = || Rule::action::<AuditView>(Action::Read);
    vec![
        Route::new("list", Method::GET, "/audit", reads(), list)
            .summary("List the audit log")
            .about("Returns one page of the entries of all resources.")
            .about_tag("The audit log: who changed what, and when."),
        Route::new(
            "stats",
            Method::GET,
            "/audit/stats",
            reads(),
            stats::<AuditView>,
        )
        .summary("Count audit entries")
        .about(
            "Counts the entries that match the filters, per group of `group_by`. Sign-ins per day: `action=signed_in`, \
             `group_by=created_at`, `per=day` and a filter `created_at[gte]`.",
        ),
        Route::new(
            "verification",
            Method::GET,
            "/audit/verification",
            reads(),
            verification,
        )
        .summary("Verify the newest audit entries")
        .about(
            "Compares the newest entries, up to 5,000, with their seals, and tells how many entries are not sealed yet. \
             `atoll audit verify` compares all.",
        ),
    ]
}

async fn list(call: Call<NoBody, ListParams<Audit>>) -> Answer<Page<AuditView>> {
    let query = &call.query.0;
    let page = audit::list(&call.session, query).await?;
    call.page(page, query).await
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "AuditVerification")]
struct VerificationView {
    /// Whether no problem was found among the entries that were checked.
    intact: bool,
    checked: CheckedView,
    /// The first 100 problems.
    #[schemars(length(max = 100))]
    problems: Vec<String>,
    /// The number of the last sealed entry; null if there is none.
    last_seq: Option<i64>,
    last_sealed_at: Option<Time>,
    /// Entries that are not sealed yet, counted up to 10,000.
    unsealed: u64,
    /// The end of the chain. Kept elsewhere, it lets `atoll audit verify --receipt` show later that nothing was removed.
    receipt: Option<String>,
}

/// The sealed entries that were checked.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "CheckedEntries")]
struct CheckedView {
    /// The number of the first one; null if there is none.
    first_seq: Option<i64>,
    entries: u64,
}

async fn verification(call: Call) -> Answer<Ok<VerificationView>> {
    let state = audit::state(&call.session).await?;
    let (verdict, first_seq) = audit::verify_newest(&call.session.kernel).await?;
    let Verdict {
        entries,
        blocks,
        problems,
        receipt,
        ..
    } = verdict;
    let texts = problems.iter().take(MAX_PROBLEMS);
    Ok(Reply::ok(&VerificationView {
        intact: problems.is_empty(),
        checked: CheckedView {
            first_seq: (blocks > 0).then_some(first_seq),
            entries,
        },
        problems: texts.map(ToString::to_string).collect(),
        last_seq: Some(state.last_seq).filter(|seq| *seq > 0),
        last_sealed_at: state.last_sealed_at.map(Time::from),
        unsealed: state.unsealed,
        receipt: (blocks > 0).then(|| receipt.to_string()),
    })?)
}
