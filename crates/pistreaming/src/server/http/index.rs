//! The page, with its placeholders filled in.
//!
//! Here belongs: what they are filled with. Not here: finding them (`template`), the page itself (`assets`, `--index`).

use axum::body::Body;
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{Method, Response, StatusCode};

use super::PAGE;
use super::reply::{file, text_reply};
use crate::server::tap::Tap;
use crate::server::{Site, assets, origin, template};

/// The reply to who asks for the page.
pub(super) fn index(site: &Site, tap: &Tap, parts: &Parts) -> Response<Body> {
    if parts.method == Method::GET {
        // A camera that rests begins to wake while the page is loaded.
        site.camera.needs.expect();
    }
    let built_in = || std::str::from_utf8(site.assets.find(PAGE)?.0.bytes).ok();
    let Some(text) = site.index.as_deref().or_else(built_in) else {
        return text_reply(StatusCode::NOT_FOUND, "No page is built in. Give one with --index\n");
    };
    let ws_port = site.ws_port.unwrap_or(site.http_port);
    let size = site.camera.size();
    let filled = template::fill(text, |name| match name {
        "WS_PORT" => Some(ws_port.to_string()),
        "WIDTH" => Some(size.width().to_string()),
        "HEIGHT" => Some(size.height().to_string()),
        "COLOR" => Some(site.settings.color.clone()),
        "BGCOLOR" => Some(site.settings.bgcolor.clone()),
        "ASSETS" => Some(format!("{:016x}", site.assets.digest)),
        "ADDRESS" => Some(format!("{}:{ws_port}", host(tap, parts))),
        _ => None,
    });
    let etag = assets::etag(filled.as_bytes());
    file(site, parts, assets::HTML, filled.into(), &etag)
}

/// The host by which the viewer knows us, or else the address at which he reached us.
fn host(tap: &Tap, parts: &Parts) -> String {
    let named = parts.headers.get(HOST).and_then(|host| origin::host(host.to_str().ok()?));
    named.map_or_else(
        || match tap.local.ip() {
            std::net::IpAddr::V4(address) => address.to_string(),
            std::net::IpAddr::V6(address) => format!("[{address}]"),
        },
        ToOwned::to_owned,
    )
}
