//! Sends requests to the application in the same process.
use std::rc::Rc;

use actix_web::{
    Error,
    dev::{Service, ServiceResponse},
    http::{Method, header::HeaderMap},
    test::{TestRequest, init_service, read_body},
};
use kernel::{Database, Kernel, migration, registry::Table};
use serde_json::Value;
use web::{Http, settings::HttpSettings};

use crate::{
    books::{Books, CreateBooks, Readers, routes},
    columns::toys::{CreateToys, Toys},
};

/// A caller of the application.
#[derive(Clone)]
pub struct Client<S> {
    service: Rc<S>,
    token: Option<&'static str>,
}

pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

/// Starts the application and returns an anonymous caller.
pub async fn start()
-> Client<impl Service<actix_http::Request, Response = ServiceResponse, Error = Error>> {
    let database =
        Database::in_memory(|| migration::with(vec![Box::new(CreateBooks), Box::new(CreateToys)]))
            .await;
    let kernel = Kernel::for_tables(
        database.unwrap(),
        vec![Table::new::<Books>(), Table::new::<Toys>()],
    );
    let http = Http::new(&HttpSettings::default(), kernel, Readers, routes).unwrap();
    Client {
        service: Rc::new(init_service(http.app()).await),
        token: None,
    }
}

impl<S: Service<actix_http::Request, Response = ServiceResponse, Error = Error>> Client<S> {
    pub fn with_token(&self, token: &'static str) -> Self {
        Self {
            service: self.service.clone(),
            token: Some(token),
        }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &[], "").await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, &[], &body.to_string()).await
    }

    /// Sends a request with a body of JSON unless a header says otherwise.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> Reply {
        let request = TestRequest::with_uri(&format!("/api/v1{path}")).method(method);
        let mut request = request.insert_header(("content-type", "application/json"));
        if let Some(token) = self.token {
            request = request.insert_header(("authorization", format!("Bearer {token}")));
        }
        for header in headers {
            request = request.insert_header(*header);
        }
        let request = request.set_payload(body.to_owned()).to_request();
        let response = self.service.call(request).await.unwrap();
        Reply {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: String::from_utf8(read_body(response).await.to_vec()).unwrap(),
        }
    }
}

impl Reply {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap().to_str().unwrap()
    }
}
