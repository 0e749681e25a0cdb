//! `GET /system/doctor`
use service::doctor::{Check, Expected, Status, examine};
use web::prelude::*;

use super::{Examined, worst};

pub fn routes() -> Vec<Route> {
    let rule = Rule::permission("system.read");
    vec![
        Route::new("examine", Method::GET, "/system/doctor", rule, doctor)
            .summary("Examine the installation")
            .about(
                "Checks the configuration, the schema, the queues, the database and the disk of the node that answers, \
                 and says what to do about each finding.",
            ),
    ]
}

/// The findings, the worst of which is the status.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Examination")]
struct Examination {
    status: Status,
    checks: Vec<Check>,
}

async fn doctor(call: Call<NoBody>) -> Answer<Ok<Examination>> {
    let kernel = &call.session.kernel;
    let checks = if let Some(examined) = kernel.find_state::<Examined>() {
        examined.run(kernel).await
    } else {
        let defaults = kernel::database::Settings::new("");
        let expected = Expected {
            max_connections: defaults.max_connections,
            sends_mail: true,
        };
        examine(kernel, expected).await
    };
    Ok(Reply::ok(&Examination {
        status: worst(&checks),
        checks,
    })?)
}
