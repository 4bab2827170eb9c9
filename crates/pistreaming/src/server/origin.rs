//! Which pages may open a WebSocket to us. A browser lets any page of the web connect to any address and sends along
//! whose page it is: without this check every site that a viewer visits could watch his camera.
//!
//! A browser tells such a page nothing of why: so the user is told, once for each.
//!
//! Here belongs: hosts and origins. Not here: who may watch when he came to us himself.

use std::sync::{Mutex, PoisonError};

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};

/// Whether the request comes from a page of our own host (any port), from no page at all, or from one of `allowed`.
pub(super) fn permits(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    if allowed.iter().any(|one| one == "*" || one.trim_end_matches('/').eq_ignore_ascii_case(origin)) {
        return true;
    }
    let Some(page) = origin.split_once("://").and_then(|(_, authority)| host(authority)) else {
        return false;
    };
    // A page cannot set either of these headers in a WebSocket's request; a proxy that writes its own Host sends on
    // the viewer's in the other.
    [HOST.as_str(), "x-forwarded-host"]
        .into_iter()
        .filter_map(|name| host(headers.get(name)?.to_str().ok()?))
        .any(|ours| ours.eq_ignore_ascii_case(page))
}

/// So many strangers are told of; whoever wants to can make up more.
const MOST_STRANGERS: usize = 16;
const LONGEST_ORIGIN: usize = 200;

/// Origins whose pages were refused.
#[derive(Debug, Default)]
pub(super) struct Strangers(Mutex<Vec<String>>);

impl Strangers {
    /// The origin of a page that is refused, the first time: made of nothing but what origins are made of, for it is put
    /// before people who may copy it into a command.
    pub(super) fn first_seen<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:/[]".contains(&byte);
        let origin = headers.get(ORIGIN)?.to_str().ok()?;
        let good = (1..=LONGEST_ORIGIN).contains(&origin.len()) && origin.bytes().all(plain);
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !good || seen.len() == MOST_STRANGERS || seen.iter().any(|one| one == origin) {
            return None;
        }
        seen.push(origin.to_owned());
        Some(origin)
    }
}

/// The host of `host`, `host:port`, `[v6]` or `[v6]:port`, if it is made of nothing but what hosts are made of.
pub(super) fn host(authority: &str) -> Option<&str> {
    let (host, port) = match authority.rfind(']') {
        Some(end) => authority.split_at(end + 1),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port_good = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let good = match host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.len() <= 253 && host.bytes().all(name),
    };
    (good && port_good).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn hosts_are_taken_apart_and_checked() {
        for (authority, expected) in [
            ("pi", "pi"),
            ("pi.local:8082", "pi.local"),
            ("10.0.0.7:1", "10.0.0.7"),
            ("[::1]:8082", "[::1]"),
            ("[fe80::1]", "[fe80::1]"),
            ("a_b-c", "a_b-c"),
        ] {
            assert_eq!(host(authority), Some(expected));
        }
        for bad in
            ["", ":80", "a b", "a\"b", "<x>", "pi:8x", "[pi]", "[::1", "pi/", "a@b", "[::1]x", "fe80::1"]
        {
            assert_eq!(host(bad), None, "{bad}");
        }
    }

    #[test]
    fn own_pages_and_none_are_permitted() {
        let page = |origin: &str, host: &str| headers(&[(ORIGIN, origin), (HOST, host)]);
        assert!(permits(&headers(&[(HOST, "pi")]), &[]));
        assert!(permits(&page("http://pi:8082", "pi:8084"), &[]));
        assert!(permits(&page("https://PI.local", "pi.local:8082"), &[]));
        assert!(permits(&page("http://[::1]:8082", "[::1]:8084"), &[]));
        for bad in
            ["http://evil.example", "null", "pi", "http://pi.evil.example", "http://pi@evil", "file://"]
        {
            assert!(!permits(&page(bad, "pi:8082"), &[]), "{bad}");
        }
        assert!(!permits(&headers(&[(ORIGIN, "http://pi")]), &[]), "no host to compare with");
    }

    #[test]
    fn each_stranger_is_told_of_once_and_no_more_than_some() {
        let strangers = Strangers::default();
        let seen = |origin: &str| strangers.first_seen(&headers(&[(ORIGIN, origin)])).map(str::to_owned);
        assert_eq!(seen("http://a.example:80").as_deref(), Some("http://a.example:80"));
        assert_eq!((seen("http://a.example:80"), seen("null").as_deref()), (None, Some("null")));
        for bad in ["", "http://a;rm", "http://$(x)", "http://a b", &format!("http://{}", "a".repeat(200))] {
            assert_eq!(seen(bad), None, "{bad}");
        }
        assert_eq!((0..100).filter_map(|n| seen(&format!("http://{n}.example"))).count(), MOST_STRANGERS - 2);
        assert_eq!(strangers.first_seen(&headers(&[])), None);
    }

    #[test]
    fn others_are_permitted_by_name() {
        let page = headers(&[(ORIGIN, "https://my.example"), (HOST, "pi")]);
        assert!(permits(&page, &["https://my.example/".into()]));
        assert!(permits(&page, &["*".into()]));
        assert!(!permits(&page, &["http://my.example".into()]));
        let proxied = HeaderName::from_static("x-forwarded-host");
        assert!(permits(
            &headers(&[(ORIGIN, "https://cam.example"), (HOST, "127.0.0.1:8082"), (proxied, "cam.example")]),
            &[]
        ));
    }
}
