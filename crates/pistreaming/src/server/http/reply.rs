//! Making replies.
//!
//! Here belongs: headers that whole kinds of replies have. Not here: which reply a request gets.

use axum::body::Body;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    LAST_MODIFIED, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderName, Response, StatusCode};
use bytes::Bytes;

use crate::server::Site;

const TEXT: &str = "text/plain; charset=utf-8";

/// Words for people.
pub(super) fn text_reply(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    reply(status, TEXT, text)
}

/// hyper leaves the body out where the request was HEAD; the length stays.
pub(super) fn reply(status: StatusCode, content_type: &str, body: impl Into<Bytes>) -> Response<Body> {
    let body = body.into();
    let len = body.len().to_string();
    let mut response = empty(status).with(CONTENT_TYPE, content_type).with(CONTENT_LENGTH, &len);
    *response.body_mut() = Body::from(body);
    response.with(X_CONTENT_TYPE_OPTIONS, "nosniff")
}

/// A reply without a body.
pub(super) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// A file that may be kept, but is asked for anew each time: after an update no old script meets a new server.
pub(super) fn file(
    site: &Site,
    parts: &Parts,
    content_type: &str,
    bytes: Bytes,
    etag: &str,
) -> Response<Body> {
    let known = parts.headers.get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).is_some_and(|tags| {
        tags.split(',').any(|tag| matches!(tag.trim(), "*") || tag.trim().trim_start_matches("W/") == etag)
    });
    let response =
        if known { empty(StatusCode::NOT_MODIFIED) } else { reply(StatusCode::OK, content_type, bytes) };
    response
        // Pages of other hosts may load `jsmpg.js` and the player that it fetches. Who may see the video is decided
        // at the WebSocket.
        .with(ACCESS_CONTROL_ALLOW_ORIGIN, "*")
        .with(ETAG, etag)
        .with(CACHE_CONTROL, "no-cache")
        .with(LAST_MODIFIED, &httpdate::fmt_http_date(site.started))
}

/// Setting headers one behind the other.
pub(super) trait With {
    /// The same with this header.
    fn with(self, name: HeaderName, value: &str) -> Self;
}

impl With for Response<Body> {
    fn with(mut self, name: HeaderName, value: &str) -> Self {
        // Every value that is set here is of printable ASCII.
        if let Ok(value) = value.parse() {
            self.headers_mut().insert(name, value);
        }
        self
    }
}
