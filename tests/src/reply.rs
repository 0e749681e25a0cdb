//! An answer, with assertions.
use kernel::Code;
use reqwest::{RequestBuilder, header::HeaderMap};
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    /// The JSON body, or null if the answer has none.
    pub body: Value,
    pub text: String,
    asked: String,
}

#[expect(clippy::return_self_not_must_use, reason = "often the status is all")]
impl Reply {
    /// Sends a request and reads its answer.
    pub async fn send(request: RequestBuilder) -> Self {
        let (client, request) = request.build_split();
        let request = request.unwrap();
        let asked = format!("{} {}", request.method(), request.url());
        let response = client
            .execute(request)
            .await
            .unwrap_or_else(|error| panic!("{asked}: {error}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self {
            status,
            headers,
            body,
            text,
            asked,
        }
    }

    #[track_caller]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text);
        self
    }

    /// Checks that the answer is a problem with this status and code.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        let reply = self.expect_status(status);
        assert_eq!(
            reply.header("content-type"),
            "application/problem+json",
            "{}",
            reply.asked
        );
        assert_eq!(reply.body["code"], code, "{}: {}", reply.asked, reply.text);
        assert_eq!(reply.body["status"], status, "{}", reply.asked);
        assert_eq!(
            reply.body["request_id"],
            reply.header("x-request-id"),
            "{}",
            reply.asked
        );
        assert_eq!(
            reply.body["type"],
            format!("/problems/{}", code.replace('_', "-")),
            "{}",
            reply.asked
        );
        for member in ["title", "detail", "instance"] {
            assert!(
                reply.body[member].is_string(),
                "{}: no {member} in {}",
                reply.asked,
                reply.text
            );
        }
        for error in reply.body["errors"].as_array().into_iter().flatten() {
            let place = if status == 400 {
                "parameter"
            } else {
                "pointer"
            };
            for member in [place, "code", "detail"] {
                assert!(
                    error[member].is_string(),
                    "{}: no {member} in {error}",
                    reply.asked
                );
            }
            let code = Code::deserialize(&error["code"]);
            assert!(code.is_ok(), "{}: {error}", reply.asked);
        }
        reply
    }

    /// Returns all refused fields or parameters, sorted.
    pub fn places(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().into_iter().flatten();
        let mut places: Vec<_> = errors
            .filter_map(|error| error["pointer"].as_str().or(error["parameter"].as_str()))
            .collect();
        places.sort_unstable();
        places
    }

    /// Checks that the first refused field or parameter is this one.
    #[track_caller]
    pub fn expect_error_at(self, at: &str) -> Self {
        let error = &self.body["errors"][0];
        let place = error["pointer"].as_str().or(error["parameter"].as_str());
        assert_eq!(place, Some(at), "{}: {}", self.asked, self.text);
        self
    }

    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self
            .headers
            .get(name)
            .unwrap_or_else(|| panic!("{}: no header {name}", self.asked));
        value.to_str().unwrap()
    }

    #[track_caller]
    pub fn id(&self) -> i64 {
        self.body["id"]
            .as_i64()
            .unwrap_or_else(|| panic!("{}: no id in {}", self.asked, self.text))
    }

    /// Returns the path of a created row.
    #[track_caller]
    pub fn url(&self) -> &str {
        self.header("location")
    }

    /// Returns the ids of a page, in order.
    #[track_caller]
    pub fn ids(&self) -> Vec<i64> {
        let data = self.body["data"]
            .as_array()
            .unwrap_or_else(|| panic!("{}: no page: {}", self.asked, self.text));
        data.iter().map(|row| row["id"].as_i64().unwrap()).collect()
    }
}
