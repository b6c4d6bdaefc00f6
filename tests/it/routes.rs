//! Guards over the route table: no stranger gets in, docs/endpoints.md and openapi.yaml list it all.

use flex_edge::app::routes::ROUTES;

use crate::support::{Fake, get, handle, json, post, post_json};
use flex_edge::base::http::Request;

/// Every path of the route table.
fn paths() -> Vec<&'static str> {
    let paths: Vec<_> = ROUTES.iter().flat_map(|route| route.paths).copied().collect();
    assert!(paths.len() > 10);
    paths
}

/// Those that anybody may ask.
const OPEN: [&str; 1] = ["/health"];

#[test]
fn a_stranger_gets_403_and_costs_no_call() {
    for path in paths().into_iter().filter(|path| !OPEN.contains(path)) {
        for request in [post(path, "x=1"), post_json(path, "{}"), post(path, "")] {
            let response = Fake::default().handle(request);
            assert_eq!(response.status, 403, "{path}");
            assert_eq!(json(&response)["success"], false, "{path}");
            assert_eq!(response.allow_origin, "*", "{path}");
        }
    }
}

#[test]
fn a_token_in_the_query_is_not_read() {
    for path in paths().into_iter().filter(|path| !OPEN.contains(path)) {
        let response =
            Fake::default().handle(post(&format!("{path}?Token=a.flex.token.of.alice"), ""));
        assert_eq!(response.status, 403, "{path}");
    }
}

#[test]
fn other_methods_are_refused_and_named() {
    for path in paths() {
        for method in ["PUT", "DELETE", "PATCH"] {
            let response =
                Fake::default().handle(Request { method: method.into(), ..post(path, "") });
            assert_eq!(response.status, 405, "{path}");
            assert!(response.allow.is_some(), "{path}");
        }
    }
}

#[test]
fn every_path_answers_a_preflight() {
    for path in paths().into_iter().chain(["/nowhere"]) {
        let response =
            Fake::default().handle(Request { method: "OPTIONS".into(), ..post(path, "") });
        assert_eq!((response.status, response.body.as_str()), (204, ""), "{path}");
    }
}

#[test]
fn what_is_not_there_is_404_and_too_much_is_413() {
    assert_eq!(Fake::default().handle(get("/nowhere")).status, 404);
    assert_eq!(Fake::default().handle(get("/")).status, 404);
    let large = "x".repeat(256 * 1024 + 1);
    for path in paths() {
        let response = Fake::default().handle(post(path, &large));
        assert_eq!(response.status, 413, "{path}");
        assert_eq!(json(&response)["success"], false);
    }
}

#[test]
fn the_documentation_and_openapi_yaml_list_every_path_and_no_other() {
    let endpoints = include_str!("../../docs/endpoints.md");
    let openapi = include_str!("../../openapi.yaml");
    let in_openapi: Vec<_> = openapi
        .lines()
        .filter_map(|line| line.strip_prefix("  /").and_then(|rest| rest.strip_suffix(':')))
        .map(|path| format!("/{path}"))
        .collect();
    for path in paths() {
        assert!(endpoints.contains(&format!("`{path}`")), "docs/endpoints.md lacks {path}");
        assert!(in_openapi.iter().any(|known| known == path), "openapi.yaml lacks {path}");
    }
    for path in in_openapi {
        assert!(paths().contains(&path.as_str()), "openapi.yaml has {path}");
    }
}

#[test]
fn the_fact_that_gives_the_right_to_it_is_written_down_for_every_endpoint() {
    let access = include_str!("../../docs/access.md");
    let named: Vec<&str> = access.split('`').skip(1).step_by(2).collect();
    let is_named = |path: &str| {
        named
            .iter()
            .any(|name| path.trim_start_matches('/').ends_with(name.trim_start_matches('/')))
    };
    for route in ROUTES.iter().filter(|route| !route.paths.contains(&"/health")) {
        assert!(
            route.paths.iter().any(|path| is_named(path)),
            "docs/access.md lacks {:?}",
            route.paths
        );
    }
}

#[test]
fn every_setting_is_in_the_example_and_the_documentation() {
    let example = include_str!("../../.dev.vars.example");
    let settings = include_str!("../../docs/settings.md");
    for name in flex_edge::base::config::NAMES {
        assert!(example.contains(&format!("{name}=")), ".dev.vars.example lacks {name}");
        assert!(settings.contains(&format!("`{name}`")), "docs/settings.md lacks {name}");
    }
}

#[test]
fn a_missing_setting_is_named_and_the_rest_works() {
    let fake = Fake::default().with("TWILIO_FLEX_WORKSPACE_SID", "");
    let response = fake.handle(post("/voice/hold-participant", "Token=a.flex.token.of.alice"));
    assert_eq!(response.status, 500);
    assert_eq!(json(&response)["missing"][0], "TWILIO_FLEX_WORKSPACE_SID");
    let health = json(&fake.handle(get("/health")));
    assert_eq!(health["features"]["helpers"]["configured"], false);
    assert_eq!(health["features"]["twilio"]["configured"], true);
    assert_eq!(health["missing"][0], "TWILIO_FLEX_WORKSPACE_SID");
}

#[test]
fn health_fails_when_a_feature_is_begun_that_cannot_work() {
    let status =
        |name, value: &str| Fake::default().with(name, value).handle(get("/health")).status;
    assert_eq!(status("TWILIO_FLEX_WORKSPACE_SID", ""), 503);
    assert_eq!(status("TWILIO_FLEX_OUTBOUND_WORKFLOW_SID", ""), 200, "not wanted");
    assert_eq!(status("TWILIO_FLEX_OUTBOUND_WORKFLOW_SID", "WWnonsense"), 503);
    assert_eq!(status("TWILIO_WEBCHAT_ADDRESS_SID", "IG00000000000000000000000000000001"), 503);
}

#[test]
fn what_is_none_of_ours_goes_on_when_there_is_a_place_for_it() {
    let to = |origin: &str, request: &Request| {
        Fake::default().with("FUNCTIONS_ORIGIN", origin).app().destination(request)
    };
    let functions = "https://example.twil.io";
    let gone = to(functions, &post("/features/callbacks/x?a=%20b", "x=1"));
    assert_eq!(gone.unwrap(), "https://example.twil.io/features/callbacks/x?a=%20b");
    for path in paths() {
        assert_eq!(to(functions, &post(path, "")), None, "{path} is ours");
    }
    let options = Request { method: "OPTIONS".into(), ..get("/x") };
    assert_eq!(to(functions, &options), None, "a preflight is answered here");
    assert_eq!(to("", &get("/x")), None);
    assert_eq!(to(crate::support::ORIGIN, &get("/x")), None, "never to ourselves");
}

#[test]
fn the_log_and_health_count_what_is_none_of_ours() {
    let fake = Fake::default();
    let app = fake.app();
    let paths =
        ["/features/callbacks/x?Token=secret", "/features/callbacks/x", "/call/+4917012345"];
    for path in paths {
        assert_eq!(handle(&app, get(path)).status, 404);
    }
    let _ = app.passed_on(&get("/passed"), Some(200));
    let counted = json(&handle(&app, get("/health")))["notOurs"].clone();
    let expected =
        serde_json::json!({ "/features/callbacks/x": 2, "(not shown)": 1, "/passed": 1 });
    assert_eq!(counted, expected);
    let lines = fake.world.lines.take().join("\n");
    assert!(lines.contains("\"asked\":\"/features/callbacks/x\"") && lines.contains("passed on"));
    assert!(!lines.contains("secret") && !lines.contains("17012345"), "{lines}");
}

#[test]
fn health_tells_no_secret() {
    let response = Fake::default().handle(get("/health"));
    assert_eq!(response.status, 200);
    assert!(!response.body.contains("auth-token") && !response.body.contains("AC0000"));
}
