//! The routes of the door, and the bounds in front of them.

use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::{Request as HttpRequest, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use gate_door_pages::{ASSET_HEADERS, CSS, CSS_TYPE, JS};
use gate_intake::{Answer, BODY_BYTES_MAX, GPC_JSON, GPC_PATH, Request};

use tokio::sync::OwnedSemaphorePermit;

use super::room::{Room, Seat};
use super::take_in::take_in;
use super::topic::Topic;
use super::{Door, changes, links, measures, openapi, pages, ready};
use crate::http::{Peer, class};
use crate::metrics::DoorBound;

/// Longest time for a body to arrive. Only a whole request takes a seat: who sends slowly keeps nobody out.
const BODY_MAX: Duration = Duration::from_secs(5);
/// Bytes of a form or a one-click request; whoever has a link may send them.
const FORM_BYTES_MAX: usize = 64 << 10;

/// All routes.
pub(super) fn router(door: Arc<Door>) -> Router {
    Router::new()
        .route("/livez", any(livez))
        .route("/readyz", any(readyz))
        .route("/metrics", any(metrics))
        .route("/hooks/{source}", any(hook))
        .route("/hooks/{source}/{*rest}", any(hook))
        .route("/v1/consent-changes", any(consent_changes))
        .route("/v1/mail", any(mail))
        .route("/v1/unsubscribe-links", any(mint))
        .route("/openapi.json", any(described))
        .route("/u/{token}", any(link))
        .route("/p/{token}", any(preferences))
        .route("/s/{brand}", any(sign_up))
        .route("/c/{token}", any(confirmation))
        .route("/{short}", any(short_link))
        .route(GPC_PATH, any(signal))
        .route("/assets/{file}", any(asset))
        .route("/brand/{file}", any(brand_style))
        .route("/favicon.ico", any(async || StatusCode::NO_CONTENT))
        .fallback(|| async { response(Answer::text(404, "nothing here\n")) })
        .with_state(door)
}

/// A client that gave up for good is not seen again before a restart.
async fn livez(State(door): State<Arc<Door>>) -> Response {
    response(if door.topics().any(Topic::is_lost) {
        Answer::text(500, "the Kafka client has given up: restart this door\n")
    } else {
        Answer::text(200, "ok\n")
    })
}

/// Whether requests should come here, in words or as JSON, as the gate's own page has it.
async fn readyz(State(door): State<Arc<Door>>, request: HttpRequest) -> Response {
    let readiness = ready::readiness(&door, door.shutdown.is_requested());
    let status = if readiness.ready { 200 } else { 503 };
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("application/json")) {
        let body = serde_json::to_vec(&readiness).unwrap_or_default();
        let content_type = "application/json";
        return response(Answer { status, content_type, body, ..Answer::default() });
    }
    let mut text = readiness.reasons.join("\n");
    if readiness.ready {
        text.push_str("ready");
    }
    text.push('\n');
    response(Answer::text(status, &text))
}

async fn metrics(State(door): State<Arc<Door>>) -> Response {
    let text = measures::text(&door);
    let mut answer = Answer::text(200, &text);
    answer.content_type = "text/plain; version=0.0.4";
    response(answer)
}

/// What programs may send.
async fn described() -> Response {
    let mut answer = Answer::text(200, openapi::text());
    answer.content_type = "application/json";
    response(answer)
}

/// A provider's request.
async fn hook(State(door): State<Arc<Door>>, request: HttpRequest) -> Response {
    let name = request.uri().path().split('/').nth(2).unwrap_or_default().to_owned();
    let response = match admitted(&door, request).await {
        // an unknown source looks like a wrong signature, and its bodies are read as anybody's: who may not send learns no names
        Ok((request, seat)) => match door.sources.get(&name).cloned() {
            Some(source) => {
                let door = Arc::clone(&door);
                finished(seat, async move { take_in(&door, &source, &request).await.answer }).await
            }
            None => response(Answer::text(401, "unauthorized\n")),
        },
        Err(refused) => response(refused),
    };
    counted(&door, response)
}

/// Consent changes as they are, by a program.
async fn consent_changes(State(door): State<Arc<Door>>, request: HttpRequest) -> Response {
    let response = match admitted(&door, request).await {
        Ok((request, seat)) => {
            let door = Arc::clone(&door);
            finished(seat, async move { changes::answer(&door, &request).await }).await
        }
        Err(refused) => response(refused),
    };
    counted(&door, response)
}

/// A report by mail, from whoever has a token for it.
async fn mail(State(door): State<Arc<Door>>, request: HttpRequest) -> Response {
    let response = match admitted(&door, request).await {
        Ok((request, seat)) => match door.sources.of_mail(&request).cloned() {
            Some(source) => {
                let door = Arc::clone(&door);
                finished(seat, async move { take_in(&door, &source, &request).await.answer }).await
            }
            None => response(Answer::text(401, "unauthorized\n")),
        },
        Err(refused) => response(refused),
    };
    counted(&door, response)
}

/// Links for mail that is about to be sent, for a program.
async fn mint(State(door): State<Arc<Door>>, request: HttpRequest) -> Response {
    let response = match admitted(&door, request).await {
        Ok((request, _seat)) => response(links::minted(&door, &request)),
        Err(refused) => response(refused),
    };
    counted(&door, response)
}

/// A link in a mail: a mail program that unsubscribes with one click, or somebody who looks.
async fn link(State(door): State<Arc<Door>>, request: HttpRequest) -> Response {
    let response = match admitted(&door, request).await {
        Ok((request, seat)) => {
            let door = Arc::clone(&door);
            finished(seat, async move { pages::followed(&door, &request).await }).await
        }
        Err(refused) => missed(&door, links::NAME, refused),
    };
    counted(&door, response)
}

/// A refusal of somebody who followed a link; what is our fault is counted, since few come again.
fn missed(door: &Door, page: &str, refused: Answer) -> Response {
    if refused.status == 503 {
        door.metrics.unavailable.with_label_values(&[page]).inc();
    }
    response(refused)
}

/// A short link in a text: it leads to the page of the long one, and changes nothing.
async fn short_link(State(door): State<Arc<Door>>, request: HttpRequest) -> Response {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let token = request.uri().path().trim_start_matches('/');
    let long = links::of_short(&door, token).filter(|_| is_read);
    let answer = long.map_or_else(
        || Answer::text(404, "nothing here\n"),
        |url| Answer { status: 302, headers: vec![("location", url)], ..Answer::default() },
    );
    counted(&door, response(answer))
}

/// The page that chooses.
async fn preferences(State(door): State<Arc<Door>>, request: HttpRequest) -> Response {
    let peer = peer(&request);
    let response = match admitted(&door, request).await {
        Ok((request, seat)) => {
            let door = Arc::clone(&door);
            let origin = door.proxies.origin(peer, &request);
            finished(seat, async move { pages::chosen(&door, &request, origin).await }).await
        }
        Err(refused) => missed(&door, pages::PREFERENCES, refused),
    };
    counted(&door, response)
}

/// The form that asks for a mail.
async fn sign_up(State(door): State<Arc<Door>>, request: HttpRequest) -> Response {
    let peer = peer(&request);
    let response = match admitted(&door, request).await {
        Ok((request, seat)) => {
            let door = Arc::clone(&door);
            let origin = door.proxies.origin(peer, &request);
            finished(seat, async move { pages::signed_up(&door, &request, origin).await }).await
        }
        Err(refused) => missed(&door, pages::OPT_IN, refused),
    };
    counted(&door, response)
}

/// The link in that mail.
async fn confirmation(State(door): State<Arc<Door>>, request: HttpRequest) -> Response {
    let peer = peer(&request);
    let response = match admitted(&door, request).await {
        Ok((request, seat)) => {
            let door = Arc::clone(&door);
            let origin = door.proxies.origin(peer, &request);
            finished(seat, async move { pages::confirmed(&door, &request, origin).await }).await
        }
        Err(refused) => missed(&door, pages::OPT_IN, refused),
    };
    counted(&door, response)
}

/// That Global Privacy Control is heard.
async fn signal() -> Response {
    let mut answer = Answer::text(200, GPC_JSON);
    answer.content_type = "application/json";
    response(answer)
}

/// Style and script of the pages.
async fn asset(request: HttpRequest) -> Response {
    let found = [&CSS, &JS].into_iter().find(|asset| asset.path == request.uri().path());
    found.map_or_else(
        || response(Answer::text(404, "nothing here\n")),
        |asset| kept(asset.content_type, asset.body),
    )
}

/// A brand's colours.
async fn brand_style(State(door): State<Arc<Door>>, request: HttpRequest) -> Response {
    let file = request.uri().path().rsplit('/').next().unwrap_or_default();
    let css = file.strip_suffix(".css").and_then(|id| door.brands.css(id));
    css.map_or_else(|| response(Answer::text(404, "nothing here\n")), |css| kept(CSS_TYPE, css))
}

/// What browsers may keep: its address names its content.
fn kept(content_type: &'static str, body: &str) -> Response {
    let mut response = (StatusCode::OK, body.to_owned()).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    for (name, value) in ASSET_HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// Where a request comes from. Asked before the body is read, since the connection is known of the head.
fn peer(request: &HttpRequest) -> Option<IpAddr> {
    request.extensions().get::<Peer>().map(|peer| peer.0)
}

/// The whole request, and its place among those at work.
async fn admitted(door: &Door, request: HttpRequest) -> Result<(Request, Seat), Answer> {
    let (head, body) = request.into_parts();
    let is_link = ["/u/", "/p/", "/s/", "/c/"].iter().any(|path| head.uri.path().starts_with(path));
    let bytes_max = if is_link { FORM_BYTES_MAX } else { BODY_BYTES_MAX };
    let headers = head.headers.iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
    let path_and_query = head.uri.path_and_query().map_or("/", |it| it.as_str());
    let mut request = Request {
        method: head.method.as_str().to_owned(),
        path_and_query: path_and_query.to_owned(),
        headers: headers.collect(),
        body: Vec::new(),
    };
    // a token is in the headers: who has none costs no memory
    if head.uri.path().starts_with("/v1/") && !door.sources.may_know(&request) {
        return Err(Answer::text(401, "unauthorized\n"));
    }
    let room = if is_link { &door.links_room } else { &door.room };
    let read = tokio::time::timeout(BODY_MAX, whole(room, body, bytes_max));
    let read = read.await.map_err(|_| {
        door.metrics.bounds.of(DoorBound::SlowBody).inc();
        Answer::text(408, "the body did not arrive in time\n")
    })?;
    let (body, bytes) = read.map_err(|refused| match refused {
        BodyRefused::TooLarge => {
            door.metrics.bounds.of(DoorBound::Size).inc();
            Answer::text(413, &format!("too large: at most {} KiB\n", bytes_max >> 10))
        }
        BodyRefused::Broken => Answer::text(400, "the body did not arrive whole\n"),
        BodyRefused::NoRoom => {
            door.metrics.bounds.of(DoorBound::Bodies).inc();
            Answer::unavailable()
        }
    })?;
    let seat = room.seat(bytes).ok_or_else(|| {
        door.metrics.bounds.of(DoorBound::Requests).inc();
        Answer::unavailable()
    })?;
    request.body = body;
    Ok((request, seat))
}

/// Why a body was not read to its end.
#[derive(Debug, PartialEq, Eq)]
enum BodyRefused {
    TooLarge,
    Broken,
    /// Too many others are in memory.
    NoRoom,
}

/// A whole body, and its share of the room: as much as has arrived, so that whoever announces much and sends slowly takes
/// nothing from others.
async fn whole(
    room: &Room,
    mut body: Body,
    bytes_max: usize,
) -> Result<(Vec<u8>, OwnedSemaphorePermit), BodyRefused> {
    let announced = body.size_hint().lower();
    if usize::try_from(announced).map_or(true, |announced| announced > bytes_max) {
        return Err(BodyRefused::TooLarge);
    }
    let (mut read, mut held) = (Vec::new(), room.for_body(0).ok_or(BodyRefused::NoRoom)?);
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|_| BodyRefused::Broken)?;
        let Ok(data) = frame.into_data() else { continue };
        if read.len() + data.len() > bytes_max {
            return Err(BodyRefused::TooLarge);
        }
        let more = kib(read.len() + data.len()).saturating_sub(kib(read.len()));
        held.merge(room.for_body(more).ok_or(BodyRefused::NoRoom)?);
        read.extend_from_slice(&data);
    }
    Ok((read, held))
}

/// KiB that so many bytes take.
fn kib(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(u32::MAX)
}

/// Does what a whole request asks for, to its end: whoever hangs up must not keep the door from remembering what Kafka has
/// acknowledged, or a repeat would be a second refusal. The seat is free when it is done.
async fn finished(seat: Seat, work: impl Future<Output = Answer> + Send + 'static) -> Response {
    let task = tokio::spawn(async move {
        let answer = work.await;
        drop(seat);
        answer
    });
    response(task.await.unwrap_or_else(|_| {
        tracing::error!("a request ended in the midst; it has to come again");
        Answer::unavailable()
    }))
}

fn counted(door: &Door, response: Response) -> Response {
    door.metrics.answers.of(class(response.status().as_u16())).inc();
    response
}

/// An answer as HTTP has it; nobody keeps it.
pub(super) fn response(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    headers.remove(CONTENT_TYPE);
    if !answer.content_type.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_takes_what_has_arrived_and_at_most_what_it_may_have() {
        let room = Room::of_programs(1);
        let all = kib(super::super::room::BODIES_KIB_MAX << 10);
        let (body, held) = whole(&room, Body::from(vec![7; 1_025]), 2_000).await.unwrap();
        assert_eq!((body.len(), held.num_permits()), (1_025, 2));
        let (empty, none) = whole(&room, Body::empty(), 2_000).await.unwrap();
        assert_eq!((empty.len(), none.num_permits()), (0, 0));
        let large = whole(&room, Body::from(vec![7; 2_001]), 2_000).await;
        assert_eq!(large.unwrap_err(), BodyRefused::TooLarge);
        // nothing is left but a KiB
        let others = room.for_body(all - 3).unwrap();
        let much = whole(&room, Body::from(vec![7; 1_025]), 2_000).await;
        assert_eq!(much.unwrap_err(), BodyRefused::NoRoom);
        let little = whole(&room, Body::from(vec![7; 1_024]), 2_000).await;
        assert_eq!(little.unwrap().0.len(), 1_024);
        drop((others, held, none));
        assert!(room.for_body(all).is_some(), "all of it is given back");
    }
}
