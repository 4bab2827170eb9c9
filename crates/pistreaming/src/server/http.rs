//! What a request is answered: the page, its files, figures, the upgrade to one of the two protocols.
//!
//! Here belongs: paths, methods, headers; `reply` makes replies, `index` the page. Not here: connections (`connection`), what
//! is said after an upgrade.

mod index;
mod reply;

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, LOCATION, RETRY_AFTER, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use axum::http::request::Parts;
use axum::http::{HeaderName, Method, Request, Response, StatusCode, Version};
use bytes::Bytes;
use hyper::body::Incoming;

use self::index::index;
use self::reply::{With as _, empty, file, reply, text_reply};
use super::client::Client;
use super::connection::Role;
use super::record::Protocol;
use super::tap::Tap;
use super::{Site, assets, legacy, live, metrics, origin, stats, status, stills, upgrade};

const JSON: &str = "application/json";
const PAGE: &str = "/index.html";
const LIVE: &str = "/live";
/// Tells nginx to pass on what comes: what it kept for a slow viewer, on its disk in the end, would be old.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Answers one request. A body is not read: nothing here takes one.
pub(super) async fn answer(
    site: &Arc<Site>,
    tap: &Arc<Tap>,
    role: Role,
    request: Request<Incoming>,
) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let old = role == Role::OldPages || site.ws_port.is_none() && path(&parts) != LIVE;
    if upgrade::is_wanted(&parts) && (old || path(&parts) == LIVE) {
        return websocket(site, tap, parts, old);
    }
    if role == Role::OldPages {
        let text =
            format!("This port is for old pages' WebSocket. The page is on port {}.\n", site.http_port);
        return text_reply(StatusCode::UPGRADE_REQUIRED, text).with(UPGRADE, "websocket");
    }
    match still(&parts) {
        Some(Still::Picture) => snapshot(site).await,
        Some(Still::Stream) => stream_of_stills(site, tap, &parts),
        None => page(site, tap, &parts),
    }
}

/// What is asked for. A name has one slash before it: a proxy's prefix without its own leaves two.
fn path(parts: &Parts) -> &str {
    let path = parts.uri.path();
    let slashes = path.len() - path.trim_start_matches('/').len();
    if slashes < path.len() { &path[slashes.saturating_sub(1)..] } else { path }
}

/// What is asked for as JPEG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Still {
    Picture,
    Stream,
}

/// Our own paths, and those of mjpg-streamer, which other programs have built in.
fn still(parts: &Parts) -> Option<Still> {
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return None;
    }
    let actions = || parts.uri.query().unwrap_or_default().split('&');
    match path(parts) {
        "/snapshot.jpg" => Some(Still::Picture),
        "/stream.mjpg" => Some(Still::Stream),
        "/" if actions().any(|action| action == "action=snapshot") => Some(Still::Picture),
        "/" if actions().any(|action| action == "action=stream") => Some(Still::Stream),
        _ => None,
    }
}

/// A stream of JPEG pictures, whose reader is a viewer as any other.
fn stream_of_stills(site: &Arc<Site>, tap: &Arc<Tap>, parts: &Parts) -> Response<Body> {
    // Who asks for the head alone gets no stream that is thrown away.
    let body = if parts.method == Method::HEAD {
        Body::empty()
    } else {
        let client = Client::of(tap.peer, &parts.headers, &site.settings.trusted_proxies);
        match site.viewers.enter(client, Protocol::Stills) {
            Ok(entry) => stills::stream(site, tap, entry),
            Err(full) => {
                let text = full.text().to_owned() + "\n";
                return text_reply(StatusCode::SERVICE_UNAVAILABLE, text).with(RETRY_AFTER, "10");
            }
        }
    };
    let mut response = empty(StatusCode::OK)
        .with(CONTENT_TYPE, stills::STREAM_TYPE)
        .with(CACHE_CONTROL, "no-store")
        .with(UNBUFFERED, "no")
        .with(CONNECTION, "close");
    *response.body_mut() = body;
    response
}

async fn snapshot(site: &Site) -> Response<Body> {
    match stills::picture(site).await {
        Some(jpeg) => reply(StatusCode::OK, "image/jpeg", jpeg).with(CACHE_CONTROL, "no-store"),
        None => {
            let why = stats::trouble(site).unwrap_or_else(|| "The camera gives no pictures.".into());
            text_reply(StatusCode::SERVICE_UNAVAILABLE, why + "\n")
        }
    }
}

/// Upgrades to the old protocol, or to the live one.
fn websocket(site: &Arc<Site>, tap: &Arc<Tap>, parts: Parts, old: bool) -> Response<Body> {
    if !origin::permits(&parts.headers, &site.settings.allow_origin) {
        return refuse_stranger(site, &parts);
    }
    // Some old clients ask for a protocol of any name and close if none is chosen.
    let chosen = upgrade::offered(&parts).find(|&name| old || name == wire::SUBPROTOCOL).map(String::from);
    if !old && chosen.is_none() {
        let text = format!("This address speaks the WebSocket subprotocol {}.\n", wire::SUBPROTOCOL);
        return text_reply(StatusCode::BAD_REQUEST, text).with(SEC_WEBSOCKET_PROTOCOL, wire::SUBPROTOCOL);
    }
    let client = Client::of(tap.peer, &parts.headers, &site.settings.trusted_proxies);
    let (response, connection) = match upgrade::consent(parts, chosen.as_deref()) {
        Ok(consent) => consent,
        Err(why) => return text_reply(StatusCode::BAD_REQUEST, why + "\n"),
    };
    let protocol = if old { Protocol::Legacy } else { Protocol::Live };
    let entry = site.viewers.enter(client, protocol);
    let (site, tap) = (Arc::clone(site), Arc::clone(tap));
    // The stop waits for it.
    site.tasks.clone().spawn(async move {
        let Some(part) = upgrade::part_read(connection).await else { return };
        if old {
            legacy::serve(site, tap, part, entry).await;
        } else {
            live::serve(site, tap, part, entry).await;
        }
    });
    response
}

/// A page of another host wants the video, and its owner has not permitted that; he is told so once.
fn refuse_stranger(site: &Site, parts: &Parts) -> Response<Body> {
    if let Some(stranger) = site.strangers.first_seen(&parts.headers) {
        (site.settings.say)(&format!(
            "Refused: a page of {stranger} wants the video. To let it: --allow-origin {stranger} (or, if that is this \
             server behind a proxy, let the proxy pass the Host header on)"
        ));
    }
    let text = "This page may not watch the camera: it comes from another host. The camera's owner can permit \
                it with --allow-origin.\n";
    text_reply(StatusCode::FORBIDDEN, text)
}

fn page(site: &Site, tap: &Tap, parts: &Parts) -> Response<Body> {
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return text_reply(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD.\n").with(ALLOW, "GET, HEAD");
    }
    match path(parts) {
        // Behind a proxy we do not know the path that the viewer sees: a relative address is right under any.
        "/" if is_proxied(parts) => redirect(&PAGE[1..], parts),
        "/" => redirect(PAGE, parts),
        PAGE => index(site, tap, parts),
        LIVE => text_reply(StatusCode::UPGRADE_REQUIRED, "This address is for the page's WebSocket.\n")
            .with(UPGRADE, "websocket"),
        "/healthz" => match stats::trouble(site) {
            None => text_reply(StatusCode::OK, "ok\n"),
            Some(text) => text_reply(StatusCode::SERVICE_UNAVAILABLE, text + "\n"),
        },
        "/stats" => reply(StatusCode::OK, JSON, stats::json(site)).with(CACHE_CONTROL, "no-store"),
        "/status" => reply(StatusCode::OK, assets::HTML, status::html(site)).with(CACHE_CONTROL, "no-store"),
        "/metrics" => {
            reply(StatusCode::OK, metrics::TYPE, metrics::text(site)).with(CACHE_CONTROL, "no-store")
        }
        path => match site.assets.find(path) {
            Some((asset, etag)) => {
                file(site, parts, asset.content_type, Bytes::from_static(asset.bytes), etag)
            }
            None => text_reply(StatusCode::NOT_FOUND, "There is nothing here. The page is /index.html\n"),
        },
    }
}

fn is_proxied(parts: &Parts) -> bool {
    let by_header = |name: &HeaderName| {
        matches!(name.as_str(), "forwarded" | "via") || name.as_str().starts_with("x-forwarded-")
    };
    parts.version == Version::HTTP_10 || parts.headers.keys().any(by_header)
}

/// To another page, with what the viewer asked of this one.
fn redirect(to: &str, parts: &Parts) -> Response<Body> {
    let to = parts.uri.query().map_or_else(|| to.to_string(), |query| format!("{to}?{query}"));
    text_reply(StatusCode::MOVED_PERMANENTLY, "The page is /index.html\n").with(LOCATION, &to)
}
