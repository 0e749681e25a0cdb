//! Counts and measures requests. Every label has few values: the pattern of a route, one of its methods, and a known status.
//!
//! The series of each route exist before the first request, so counting a request finds them by the pattern of its route and
//! formats nothing.
use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use actix_web::http::{Method, StatusCode};
use kernel::metrics::{Counters, Metrics, time};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet},
    metrics::{MetricType, histogram::Histogram},
    registry::Unit,
};
use tokio::sync::Semaphore;

use crate::{load::Load, rate::Limiter};

/// The statuses that are counted apart, the frequent ones first. All others count together.
const STATUSES: [(u16, &str); 27] = [
    (200, "200"),
    (201, "201"),
    (204, "204"),
    (304, "304"),
    (404, "404"),
    (401, "401"),
    (403, "403"),
    (400, "400"),
    (409, "409"),
    (412, "412"),
    (422, "422"),
    (428, "428"),
    (429, "429"),
    (503, "503"),
    (500, "500"),
    (202, "202"),
    (206, "206"),
    (207, "207"),
    (303, "303"),
    (405, "405"),
    (406, "406"),
    (408, "408"),
    (411, "411"),
    (413, "413"),
    (415, "415"),
    (416, "416"),
    (431, "431"),
];
const OTHER: &str = "other";
/// The route of a request whose path no route has.
const UNKNOWN: &str = "unknown";

/// The series of all routes of a server.
pub struct HttpMetrics {
    routes: HashMap<String, Vec<Series>>,
    unknown: Series,
}

/// The requests of one method of a route.
struct Series {
    /// `None` stands for all methods that the route lacks.
    method: Option<Method>,
    counts: [AtomicU64; STATUSES.len() + 1],
    time: Histogram,
}

impl Series {
    fn new(method: Option<Method>) -> Self {
        Self {
            method,
            counts: std::array::from_fn(|_| AtomicU64::new(0)),
            time: time(),
        }
    }

    fn method(&self) -> &str {
        self.method.as_ref().map_or(OTHER, Method::as_str)
    }

    fn is_used(&self) -> bool {
        self.counts.iter().any(|count| count.load(Relaxed) > 0)
    }
}

impl HttpMetrics {
    /// Makes the series of these routes, each given by its method and its pattern.
    pub fn new<'a>(routes: impl Iterator<Item = (&'a Method, &'a str)>) -> Self {
        let mut by_pattern: HashMap<String, Vec<Series>> = HashMap::new();
        for (method, pattern) in routes {
            let series = by_pattern.entry(pattern.to_owned());
            let series = series.or_insert_with(|| vec![Series::new(None)]);
            series.push(Series::new(Some(method.clone())));
            if method == Method::GET {
                series.push(Series::new(Some(Method::HEAD)));
            }
        }
        Self {
            routes: by_pattern,
            unknown: Series::new(None),
        }
    }

    /// Counts a request. `pattern` is empty if no route has its path.
    pub fn count(&self, (method, pattern): (&Method, &str), status: StatusCode, took: Duration) {
        let of_route = self.routes.get(pattern).and_then(|all| {
            let found = all.iter().find(|one| one.method.as_ref() == Some(method));
            found.or_else(|| all.iter().find(|one| one.method.is_none()))
        });
        let series = of_route.unwrap_or(&self.unknown);
        let status = status.as_u16();
        let place = STATUSES.iter().position(|(known, _)| *known == status);
        if let Some(count) = series.counts.get(place.unwrap_or(STATUSES.len())) {
            count.fetch_add(1, Relaxed);
        }
        series.time.observe(took.as_secs_f64());
    }

    /// Returns the series that have counted a request, each with the pattern of its route.
    fn used(&self) -> impl Iterator<Item = (&str, &Series)> {
        let routes = self.routes.iter();
        let all = routes.flat_map(|(pattern, all)| all.iter().map(move |one| (&**pattern, one)));
        all.chain([(UNKNOWN, &self.unknown)])
            .filter(|(_, series)| series.is_used())
    }
}

impl fmt::Debug for HttpMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpMetrics")
    }
}

impl Collector for HttpMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let help = "Answered requests, by route, method and status";
        let mut requests =
            encoder.encode_descriptor("http_requests", help, None, MetricType::Counter)?;
        for (route, series) in self.used() {
            let names = STATUSES.iter().map(|(_, name)| *name).chain([OTHER]);
            for (status, count) in names.zip(&series.counts) {
                let count = count.load(Relaxed);
                if count > 0 {
                    let method = ("method", series.method());
                    let labels = [method, ("route", route), ("status", status)];
                    let mut one = requests.encode_family(&labels)?;
                    one.encode_counter::<NoLabelSet, _, f64>(&count, None)?;
                }
            }
        }
        let mut times = encoder.encode_descriptor(
            "http_request_duration",
            "Time from the head of a request to the head of its answer, by route and method",
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        for (route, series) in self.used() {
            let labels = [("method", series.method()), ("route", route)];
            series.time.encode(times.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

/// What a server holds at the moment.
pub struct Occupancy {
    pub permits: Arc<Semaphore>,
    pub max_in_flight: usize,
    pub max_waiting: usize,
    pub load: Load,
}

impl fmt::Debug for Occupancy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Occupancy")
    }
}

impl Collector for Occupancy {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let taken = |all: usize, left: &Semaphore| all.saturating_sub(left.available_permits());
        for (name, help, value) in [
            (
                "http_requests_in_flight",
                "Running requests, probes excepted",
                taken(self.max_in_flight, &self.permits),
            ),
            (
                "http_requests_waiting",
                "Requests that wait for their body or for other requests of their user",
                taken(self.max_waiting, &self.load.waiting),
            ),
            (
                "http_unsent_bytes",
                "Bytes of answers that clients have not read yet",
                self.load.answers.held(),
            ),
        ] {
            let mut gauge = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            gauge.encode_gauge(&u64::try_from(value).unwrap_or(u64::MAX))?;
        }
        Ok(())
    }
}

/// Adds the series of a server.
pub fn register(
    metrics: &mut Metrics,
    (requests, occupancy): (Arc<HttpMetrics>, Occupancy),
    limiter: &Limiter,
) {
    let refused: Counters = occupancy.load.refused.clone();
    metrics.register_collector(Box::new(requests));
    metrics.register_collector(Box::new(occupancy));
    metrics.register(
        "http_requests_refused",
        "Requests that were refused because a limit on concurrent work was reached, by the setting of the limit",
        refused,
    );
    metrics.register(
        "rate_limit_refusals",
        "Requests beyond the rate limit of their caller, by policy",
        limiter.refused(),
    );
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::prometheus_text;

    use super::*;

    fn text(requests: HttpMetrics) -> String {
        let mut metrics = Metrics::default();
        metrics.register_collector(Box::new(requests));
        let mut text = String::new();
        prometheus_text::encode(&mut text, &metrics).unwrap();
        text
    }

    #[test]
    fn requests_of_unknown_paths_methods_and_statuses_add_no_series() {
        let requests = HttpMetrics::new([(&Method::GET, "/books/{id}")].into_iter());
        let odd = Method::from_bytes(b"BREW").unwrap();
        let took = Duration::from_millis(3);
        for (method, pattern, status) in [
            (&Method::GET, "/books/{id}", 200),
            (&Method::GET, "/books/{id}", 200),
            (&Method::HEAD, "/books/{id}", 404),
            (&odd, "/books/{id}", 405),
            (&odd, "", 404),
            (&Method::GET, "", 404),
            (&Method::GET, "/books/{id}", 299),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            requests.count((method, pattern), status, took);
        }

        let text = text(requests);

        let mut counts: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with("http_requests_total{"))
            .collect();
        counts.sort_unstable();
        assert_eq!(
            counts,
            [
                r#"http_requests_total{method="GET",route="/books/{id}",status="200"} 2"#,
                r#"http_requests_total{method="GET",route="/books/{id}",status="other"} 1"#,
                r#"http_requests_total{method="HEAD",route="/books/{id}",status="404"} 1"#,
                r#"http_requests_total{method="other",route="/books/{id}",status="405"} 1"#,
                r#"http_requests_total{method="other",route="unknown",status="404"} 2"#,
            ],
            "{text}"
        );
        let third = r#"http_request_duration_seconds_bucket{le="0.005",method="GET",route="/books/{id}"} 3"#;
        let other_order = r#"http_request_duration_seconds_bucket{method="GET",route="/books/{id}",le="0.005"} 3"#;
        assert!(text.contains(third) || text.contains(other_order), "{text}");
    }

    /// Run it by hand: `cargo test --release -p web cost_of -- --ignored --nocapture`.
    #[test]
    #[ignore = "it measures, and asserts nothing about speed"]
    fn cost_of_counting_a_request() {
        let patterns: Vec<String> = (0..150)
            .map(|number| format!("/api/v1/books/{number}/{{id}}"))
            .collect();
        let requests = HttpMetrics::new(patterns.iter().map(|pattern| (&Method::GET, &**pattern)));
        let rounds = 1_000_000_u32;
        let started = std::time::Instant::now();
        for (_, pattern) in (0..rounds).zip(patterns.iter().cycle()) {
            requests.count(
                (&Method::GET, pattern),
                StatusCode::OK,
                Duration::from_millis(2),
            );
        }
        println!("{:?} for each request", started.elapsed() / rounds);
    }
}
