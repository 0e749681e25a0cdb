//! `GET /meta`: the resources as front ends need to know them, and what the caller may do.
use actix_web::{HttpRequest, http::Method};
use kernel::{Reads, Session};

use crate::{
    access::{AccessPolicies, Rule},
    application::Application,
    call::{Call, app_data},
    meta::{CallerView, Catalog, MetaView},
    openapi::{Documented, Operation, header, parameter},
    reply::{Answer, Reply},
    route::Route,
};

/// Returns the route of `/meta`, which describes every mounted resource. `name` and `version` are those of the application.
pub fn meta(name: &'static str, version: &'static str) -> Route {
    let answer =
        move |call: Call, request: HttpRequest| describe(call.session, request, (name, version));
    Route::new("meta", Method::GET, "/meta", Rule::public(), answer)
        .summary("Describe the resources")
        .about(
            "Returns the resources that the caller may see, for front ends: their fields with types and limits, what can be \
             searched, filtered and sorted, their relations, and what the caller may do. It follows from what the server declares, so \
             that a front end shows a new resource without a change.",
        )
        .about_tag("What a front end needs to know about the resources.")
        .allow_restricted()
}

/// 200 with the description, or 304.
pub struct Meta;

impl Documented for Meta {
    fn document(operation: &mut Operation<'_>) {
        operation.answer(200, "The resources")["ETag"] = header("ETag-Of-Content");
        operation.json::<MetaView>(200);
        operation.answer(304, "The client's copy is current")["ETag"] = header("ETag-Of-Content");
        operation.parameters.push(parameter("If-None-Match"));
    }
}

async fn describe(
    session: Session,
    request: HttpRequest,
    (name, version): (&'static str, &'static str),
) -> Answer<Meta> {
    let catalog = app_data::<Catalog>(&request)?;
    let application = app_data::<dyn Application>(&request)?;
    let policies = app_data::<AccessPolicies>(&request)?;
    let (actor, registry) = (session.actor(), session.kernel.registry());
    let caller = match actor.caller() {
        Some(caller) => Some(CallerView {
            id: caller.user_id,
            username: application.caller_name(&session).await?,
            is_superuser: caller.is_superuser,
            permissions: caller.permission_names(&registry.owner_rights()),
        }),
        None => None,
    };
    let meta = MetaView {
        name,
        version,
        caller,
        resources: catalog.visible(actor, (&**application, &policies), registry),
    };
    Ok(Reply::ok(&meta)?.tagged_by_content())
}
