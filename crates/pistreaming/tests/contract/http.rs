//! Rows 1 to 4: the page, its files, everything else.

use crate::support::{Program, http};
use http::{ask, get, request};

#[test]
fn the_root_leads_to_the_page() {
    let program = Program::start(&[]);
    let reply = get(program.http, "/");
    assert_eq!((reply.status, reply.header("location")), (301, Some("/index.html")));
}

#[test]
fn behind_a_proxy_the_root_leads_to_the_page_under_any_path() {
    let program = Program::start(&[]);
    for header in ["X-Forwarded-For: 10.0.0.1", "Forwarded: for=10.0.0.1", "Via: 1.1 proxy"] {
        let reply = ask(program.http, "GET", "/", &[header]);
        assert_eq!((reply.status, reply.header("location")), (301, Some("index.html")), "{header}");
    }
    let reply = request(program.http, &["GET / HTTP/1.0"]);
    assert_eq!((reply.status, reply.header("location")), (301, Some("index.html")));
    // As nginx's `location /camera { proxy_pass http://pi:8082/; }` asks.
    for path in ["//index.html", "//jsmpg.js", "///page.css"] {
        assert_eq!(get(program.http, path).status, 200, "{path}");
    }
}

#[test]
fn the_page_is_there_with_its_headers() {
    let program = Program::start(&["--size", "320x240"]);
    let reply = get(program.http, "/index.html");
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(reply.header("content-length"), Some(&*reply.body.len().to_string()));
    assert!(httpdate::parse_http_date(reply.header("last-modified").unwrap()).is_ok());
    let page = reply.text();
    for part in ["Loading…", "#333", "#444", r#"width="320" height="240""#] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("${"), "everything is filled in");
    let with_query = get(program.http, "/index.html?x=1");
    assert_eq!(with_query.body, reply.body);
}

#[test]
fn a_page_of_the_user_s_is_filled_in() {
    let page = std::env::temp_dir().join(format!("pistreaming-contract-{}.html", std::process::id()));
    std::fs::write(&page, "${WIDTH}x$HEIGHT $COLOR ${BGCOLOR} ${WS_PORT} @ADDRESS@ $$ $NO ${NO} ü").unwrap();
    let program = Program::start(&["--index", page.to_str().unwrap(), "--color", "red", "--size", "64x48"]);
    std::fs::remove_file(&page).unwrap();
    let ws = program.ws;
    let page = |headers: &[&str]| ask(program.http, "GET", "/index.html", headers).text().to_owned();
    let filled = |host: &str| format!("64x48 red #333 {ws} {host}:{ws} $ $NO ${{NO}} ü");
    assert_eq!(page(&[]), filled("localhost"));
    assert_eq!(page(&["Host: my-pi.local:1234"]), filled("my-pi.local"));
    assert_eq!(page(&["Host: [::1]:1234"]), filled("[::1]"));
    assert_eq!(
        page(&["Host: <script>"]),
        filled("127.0.0.1"),
        "what is no host is not written into the page"
    );
}

#[test]
fn an_old_page_s_script_is_there() {
    let program = Program::start(&[]);
    let reply = get(program.http, "/jsmpg.js");
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/javascript")));
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "pages of other hosts load it");
    assert!(reply.text().contains("jsmpeg"));
}

#[test]
fn what_the_page_loads_is_there_and_only_sent_when_it_changed() {
    let program = Program::start(&[]);
    for (path, content_type) in [
        ("/page.css", "text/css; charset=utf-8"),
        ("/page.js", "application/javascript"),
        ("/dist/player.wasm", "application/wasm"),
        ("/dist/player.simd.wasm", "application/wasm"),
        ("/index.html", "text/html; charset=utf-8"),
    ] {
        let reply = get(program.http, path);
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(content_type)), "{path}");
        assert_eq!(reply.header("cache-control"), Some("no-cache"));
        let etag = reply.header("etag").unwrap();
        for tags in [etag.to_owned(), format!("\"x\", W/{etag}")] {
            let again = ask(program.http, "GET", path, &[&format!("If-None-Match: {tags}")]);
            assert_eq!(
                (again.status, again.body.len(), again.header("etag")),
                (304, 0, Some(etag)),
                "{path}"
            );
        }
        assert_eq!(ask(program.http, "GET", path, &["If-None-Match: \"x\""]).status, 200);
    }
}

#[test]
fn anything_else_is_not_found() {
    let program = Program::start(&[]);
    for path in ["/nothing", "/index.htm", "/../Cargo.toml", "/dist/", "//", "/%69ndex.html"] {
        assert_eq!(get(program.http, path).status, 404, "{path}");
    }
}

#[test]
fn head_is_as_get_without_the_body() {
    let program = Program::start(&[]);
    for path in ["/", "/index.html", "/jsmpg.js", "/nothing", "/healthz"] {
        let (get, head) = (get(program.http, path), ask(program.http, "HEAD", path, &[]));
        assert_eq!(head.body.len(), 0, "{path}");
        for header in ["content-length", "content-type", "location", "last-modified", "etag"] {
            assert_eq!(head.header(header), get.header(header), "{path} {header}");
        }
        assert_eq!(head.status, get.status);
    }
}

#[test]
fn other_methods_are_refused() {
    let program = Program::start(&[]);
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"] {
        let reply = ask(program.http, method, "/index.html", &["Content-Length: 0"]);
        assert_eq!((reply.status, reply.header("allow")), (405, Some("GET, HEAD")), "{method}");
    }
}

#[test]
fn health_and_figures_are_there() {
    let program = Program::start(&[]);
    let stats = program.wait_for_stats(|stats| stats["source"]["frames_captured"].as_u64() > Some(0));
    assert_eq!(get(program.http, "/healthz").text(), "ok\n");
    assert_eq!(stats["source"]["width"], 640);
    assert_eq!(stats["encoder"]["name"], "embedded");
    assert_eq!(stats["viewers"].as_array().unwrap().len(), 0);
}

#[test]
fn a_websocket_s_address_says_so_to_others() {
    let program = Program::start(&[]);
    assert_eq!(get(program.http, "/live").status, 426);
    let reply = get(program.ws, "/");
    assert_eq!(reply.status, 426);
    assert!(reply.text().contains(&program.http.to_string()), "it says where the page is");
}
