//! `X-Twilio-Signature`: <https://www.twilio.com/docs/usage/security>.
//!
//! HMAC-SHA1 over the URL and, for a form, every field sorted by name. Which URL Twilio
//! signed depends on what stands between Twilio and us, so twilio-node tries six spellings:
//! the URL as received without its port and with the standard port, the same two
//! normalised, and those two with the query re-encoded. So do we.

use std::cmp::Ordering;
use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac as _;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::base::config::SigningKey;
use crate::base::params::{self, Pair};

/// Twilio sends some dozens of fields.
const MAX_FIELDS: usize = 1000;

/// What browsers encode in a path: <https://url.spec.whatwg.org/>.
const PATH: &AsciiSet = &without(NON_ALPHANUMERIC, b"!$&'()*+,-./:;=@[]_|~%^\\");
/// What browsers encode in a query.
const QUERY: &AsciiSet = &without(NON_ALPHANUMERIC, b"!$&()*+,-./:;=?@[]_|~%^\\`{}");
/// What Node's `querystring` module encodes.
const LEGACY: &AsciiSet = &without(NON_ALPHANUMERIC, b"!'()*-._~");

const fn without(set: &AsciiSet, bare: &[u8]) -> AsciiSet {
    let (mut set, mut rest) = (set.remove(b'a'), bare); // letters are in no set
    while let [byte, behind @ ..] = rest {
        set = set.remove(*byte);
        rest = behind;
    }
    set
}

/// Whether `signature` was made over `url` and `form` with one of the keys.
#[must_use]
pub fn is_valid(keys: &[SigningKey], signature: &str, url: &str, form: &[Pair<'_>]) -> bool {
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    if form.len() > MAX_FIELDS {
        return false;
    }
    let fields = signed_fields(form);
    let matches = |url: &str| {
        keys.iter().any(|key| {
            let mac = key.0.clone().chain_update(url).chain_update(&fields);
            mac.verify_slice(&signature).is_ok()
        })
    };
    let url = without_userinfo(url.split('#').next().unwrap_or_default());
    // As received first: nearly always that is it.
    matches(&url)
        || matches(&with_port(&url))
        || matches(&without_port(&url))
        || spellings(&url).iter().any(|url| matches(url))
}

/// The four spellings after the two as received.
#[cold]
fn spellings(url: &str) -> [String; 4] {
    let normal = normalized(url);
    let (bare, full) = (without_port(&normal), with_port(&normal));
    let legacy = [with_legacy_query(&bare), with_legacy_query(&full)];
    let [bare_legacy, full_legacy] = legacy;
    [bare, full, bare_legacy, full_legacy]
}

/// Every field as name and value, sorted by name; a repeated name stands before each of its
/// different values.
fn signed_fields(form: &[Pair<'_>]) -> String {
    let mut sorted: Vec<&Pair<'_>> = form.iter().collect();
    sorted.sort_unstable_by(|a, b| by_code_unit(&a.0, &b.0).then_with(|| by_code_unit(&a.1, &b.1)));
    sorted.dedup();
    let length = sorted.iter().map(|(name, value)| name.len() + value.len()).sum();
    let mut fields = String::with_capacity(length);
    for (name, value) in sorted {
        fields.push_str(name);
        fields.push_str(value);
    }
    fields
}

/// Twilio sorts as JavaScript does: by UTF-16 code unit, which is not the order of UTF-8
/// bytes above U+E000.
fn by_code_unit(a: &str, b: &str) -> Ordering {
    if a.is_ascii() || b.is_ascii() { a.cmp(b) } else { a.encode_utf16().cmp(b.encode_utf16()) }
}

/// Scheme, host with port, and the rest.
fn split(url: &str) -> (&str, &str, &str) {
    let host = url.find(':').map_or(0, |at| at + 3);
    let end = url
        .bytes()
        .skip(host)
        .position(|b| b == b'/' || b == b'?')
        .map_or(url.len(), |at| host + at);
    let part = |from, to| url.get(from..to).unwrap_or_default();
    (part(0, host), part(host, end), part(end, url.len()))
}

fn without_userinfo(url: &str) -> String {
    let (scheme, authority, rest) = split(url);
    let host = authority.rsplit('@').next().unwrap_or_default();
    [scheme, host, rest].concat()
}

/// Where the port begins, after the bracket of an IPv6 address.
fn port_start(authority: &str) -> Option<usize> {
    let host_end = authority.rfind(']').map_or(0, |at| at + 1);
    Some(host_end + authority.get(host_end..)?.find(':')?)
}

fn without_port(url: &str) -> String {
    let (scheme, authority, rest) = split(url);
    let host = port_start(authority).and_then(|at| authority.get(..at)).unwrap_or(authority);
    [scheme, host, rest].concat()
}

fn with_port(url: &str) -> String {
    let (scheme, authority, rest) = split(url);
    let port = match (port_start(authority), scheme) {
        (Some(_), _) | (None, "") => "",
        (None, scheme) if scheme.eq_ignore_ascii_case("https://") => ":443",
        (None, _) => ":80",
    };
    [scheme, authority, port, rest].concat()
}

/// The URL as a browser would spell it: <https://url.spec.whatwg.org/>, for what can
/// reach an HTTP server.
fn normalized(url: &str) -> String {
    let (scheme, authority, rest) = split(url);
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (rest, None),
    };
    let (scheme, mut host) = (scheme.to_ascii_lowercase(), authority.to_ascii_lowercase());
    let standard = if scheme == "https://" { ":443" } else { ":80" };
    if port_start(&host).is_some_and(|at| host.get(at..) == Some(standard)) {
        host.truncate(host.len() - standard.len());
    }
    let mut normal = [scheme, host].concat();
    normal.extend(utf8_percent_encode(&without_dots(path), PATH));
    if let Some(query) = query {
        normal.push('?');
        normal.extend(utf8_percent_encode(query, QUERY));
    }
    normal
}

/// The path with `.` and `..` resolved and backslashes turned around.
fn without_dots(path: &str) -> String {
    let path = path.replace('\\', "/");
    let mut kept: Vec<&str> = Vec::new();
    let segments: Vec<&str> = path.strip_prefix('/').unwrap_or(&path).split('/').collect();
    for (at, segment) in segments.iter().enumerate() {
        let is_last = at + 1 == segments.len();
        match segment.to_ascii_lowercase().as_str() {
            "." | "%2e" if is_last => kept.push(""),
            "." | "%2e" => {}
            ".." | ".%2e" | "%2e." | "%2e%2e" => {
                kept.pop();
                if is_last {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    ["/", &kept.join("/")].concat()
}

/// The query as Node's `querystring` module parses and writes it again.
fn with_legacy_query(url: &str) -> String {
    let Some((before, query)) = url.split_once('?').filter(|(_, query)| !query.is_empty()) else {
        return url.to_owned();
    };
    // A JavaScript object: repeated names come together, and names that are whole numbers
    // come first, in their order.
    let pairs = params::pairs(query);
    let mut places: HashMap<&str, (u32, usize)> = HashMap::new();
    for (place, (name, _)) in pairs.iter().enumerate().take(MAX_FIELDS) {
        places.entry(name).or_insert((array_index(name).unwrap_or(u32::MAX), place));
    }
    let mut ordered: Vec<&Pair<'_>> = pairs.iter().take(MAX_FIELDS).collect();
    ordered.sort_by_key(|(name, _)| places.get(&**name)); // stable: values keep their order
    let encoded = |text| utf8_percent_encode(text, LEGACY);
    let written =
        ordered.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    format!("{before}?{}", written.collect::<Vec<_>>().join("&"))
}

fn array_index(name: &str) -> Option<u32> {
    let index: u32 = name.parse().ok()?;
    (index.to_string() == name && index != u32::MAX).then_some(index)
}
