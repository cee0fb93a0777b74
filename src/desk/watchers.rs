//! What whoever watches the process is told, and what browsers fetch beside pages.

use axum::http::StatusCode;

use super::asked::Asked;
use super::reply::Reply;
use super::routes::Asks;
use super::{Desk, measures, openapi};

const TEXT: &str = "text/plain; charset=utf-8";

/// Answers whoever watches the process, and browsers that fetch style and script.
pub(super) fn answer(desk: &Desk, asked: &Asked) -> Reply {
    match asked.asks {
        Asks::Livez => Reply::Text(StatusCode::OK, TEXT, "alive\n".to_owned()),
        Asks::Readyz => ready(desk),
        Asks::Metrics => metrics(desk),
        Asks::OpenApi => Reply::Text(StatusCode::OK, "application/json", openapi::text()),
        Asks::Style => Reply::Asset(gate_pages::CSS.content_type, gate_pages::CSS.body),
        Asks::Script => Reply::Asset(gate_pages::JS.content_type, gate_pages::JS.body),
        _ => Reply::Empty,
    }
}

/// Whether questions are answered in full.
fn ready(desk: &Desk) -> Reply {
    let (is_ready, lines) = desk.progress.readiness();
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Reply::Text(status, TEXT, lines)
}

fn metrics(desk: &Desk) -> Reply {
    let text = measures::text(&desk.metrics, &desk.index, &desk.progress);
    Reply::Text(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text)
}
