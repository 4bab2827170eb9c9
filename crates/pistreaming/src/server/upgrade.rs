//! From a request to a WebSocket of ours: the handshake is `tungstenite`'s, the bytes behind it are our own.
//!
//! Here belongs: the handshake (RFC 6455, 4.2), and getting at the connection behind it. Not here: who may connect and
//! what is said (`http`), frames.

use axum::body::Body;
use axum::http::header::{CONNECTION, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request, Response};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tungstenite::handshake::server::create_response_with_body;

use super::waiting::TapIo;

/// Whether the request is for a WebSocket.
pub(super) fn is_wanted(parts: &Parts) -> bool {
    parts.headers.get(UPGRADE).is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// The subprotocols that the viewer offers, his dearest first.
pub(super) fn offered(parts: &Parts) -> impl Iterator<Item = &str> {
    let lists =
        parts.headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim).filter(|name| !name.is_empty())
}

/// The server's consent, with that subprotocol, and the connection to come; or what the request lacks.
pub(super) fn consent(parts: Parts, protocol: Option<&str>) -> Result<(Response<Body>, OnUpgrade), String> {
    let mut request = Request::from_parts(parts, ());
    let connection = hyper::upgrade::on(&mut request);
    let mut response = create_response_with_body(&request, Body::empty).map_err(|error| error.to_string())?;
    debug_assert!(response.headers().contains_key(CONNECTION));
    if let Some(protocol) = protocol.and_then(|protocol| HeaderValue::from_str(protocol).ok()) {
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    Ok((response, connection))
}

/// Waits for hyper to let go of the connection; what it had read already that is none of its own.
pub(super) async fn part_read(connection: OnUpgrade) -> Option<Vec<u8>> {
    let upgraded: Upgraded = connection.await.ok()?;
    let parts = upgraded.downcast::<TokioIo<TapIo>>().ok()?;
    // Copied, for most often it is nothing: the buffer that it is in, of 8 kB, would be kept for as long as he watches.
    Some(parts.read_buf.to_vec())
}
