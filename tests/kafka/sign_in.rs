//! Signing in at the desk with an account of a real identity provider (Dex): there and back as a browser goes, groups become
//! roles, and an answer counts once and for the browser that asked.

use crate::desk::Desk;
use crate::harness::readers::read_all;
use crate::harness::topics::Topics;
use crate::harness::{broker, environment, http};
use serde_json::Value;
use std::process::Command;

/// What the provider and the desk know.
const SECRET: &str = "a-secret-of-the-desk-at-its-provider";
/// Redirects that are followed at the provider.
const HOPS_MAX: usize = 10;
/// What `scripts/identity` says when something is not installed.
const NOT_HERE: i32 = 69;

/// The provider's address, or `None` after saying why the test is skipped.
fn provider(test: &str, redirect: &str) -> Option<String> {
    let run = |arguments: &[&str]| {
        let mut command = Command::new(environment::script("identity"));
        command.args(arguments).output().expect("the script can be run")
    };
    let fetched = run(&["fetch"]);
    if fetched.status.code() == Some(NOT_HERE) {
        environment::skip(test, String::from_utf8_lossy(&fetched.stderr).trim());
        return None;
    }
    let dir = environment::new_dir("identity");
    let (dir, owner) = (dir.display().to_string(), std::process::id().to_string());
    let arguments =
        ["start", "--dir", &dir, "--secret", SECRET, "--redirect", redirect, "--owner", &owner];
    let started = run(&arguments);
    assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
    let printed = String::from_utf8_lossy(&started.stdout).into_owned();
    let issuer = printed.lines().find_map(|line| line.strip_prefix("issuer="));
    Some(issuer.expect("it prints its address").to_owned())
}

/// The value of a cookie that an answer sets.
fn cookie(answer: &http::Answer, name: &str) -> String {
    let set = answer.headers.iter().filter(|(key, _)| key == "set-cookie");
    let mut values =
        set.filter_map(|(_, value)| value.split(';').next()?.strip_prefix(name)?.strip_prefix('='));
    values.next().unwrap_or_else(|| panic!("{name} is not set: {:?}", answer.headers)).to_owned()
}

/// Follows the provider's redirects until it sends the browser back.
fn through_provider(url: &str, back: &str) -> String {
    let mut url = url.to_owned();
    for _ in 0..HOPS_MAX {
        if url.starts_with(back) {
            return url;
        }
        let rest = url.strip_prefix("http://127.0.0.1:").expect("the provider is on this machine");
        let (port, path) = rest.split_once('/').expect("a path");
        let port: u16 = port.parse().expect("a port");
        let answer = http::hop(port, &format!("/{path}"), "").expect("the provider answers");
        let to = answer.header("location");
        let to = to.unwrap_or_else(|| panic!("{} {}", answer.status, answer.body));
        url = if to.starts_with('/') {
            format!("http://127.0.0.1:{port}{to}")
        } else {
            to.to_owned()
        };
    }
    panic!("it never sends the browser back")
}

#[test]
fn a_work_account_signs_in_and_has_the_roles_of_its_groups() {
    let test = "a_work_account_signs_in_and_has_the_roles_of_its_groups";
    let Some(broker) = broker::shared(test) else { return };
    let topics = Topics::create(&broker.bootstrap, "sign-in");
    let mut issuer = None;
    let desk = Desk::start_with("sign-in", &broker.bootstrap, &topics, |port| {
        let url = format!("http://127.0.0.1:{port}");
        issuer = provider(test, &format!("{url}/login/oidc/callback"));
        let set = |key: &str, value: &str| (format!("CONSENT_GATE__DESK__{key}"), value.to_owned());
        issuer
            .iter()
            .flat_map(|issuer| {
                [
                    set("PUBLIC_URL", &url),
                    set("OIDC__ISSUER", issuer),
                    set("OIDC__CLIENT_ID", "desk"),
                    set("OIDC__CLIENT_SECRET", SECRET),
                    set("OIDC__ACCOUNT_CLAIM", "name"),
                    set("OIDC__ROLES", "authors=officer,nobody=operator"),
                ]
            })
            .collect()
    });
    if issuer.is_none() {
        return desk.stop();
    }
    let port = desk.port();
    let back = format!("http://127.0.0.1:{port}/login/oidc/callback");
    let look =
        |path: &str, cookies: &str| http::hop(port, path, cookies).expect("the desk answers");
    let form = look("/login?next=%2Fdecisions", "");
    assert!(form.body.contains(r#"href="/login/oidc?next=%2Fdecisions""#), "{}", form.body);

    let away = look("/login/oidc?next=%2Fdecisions", "");
    assert_eq!(away.status, 303, "{}", away.body);
    let url = away.header("location").expect("it leads to the provider");
    for part in [
        "code_challenge=",
        "code_challenge_method=S256",
        "nonce=",
        "state=",
        "scope=openid+profile+groups",
    ] {
        assert!(url.contains(part), "{part} in {url}");
    }
    let kept = format!("desk-work-account={}", cookie(&away, "desk-work-account"));
    let came = through_provider(url, &back);
    let path =
        came.strip_prefix(&format!("http://127.0.0.1:{port}")).expect("it leads to the desk");

    // another browser, another state
    assert_eq!(look(path, "").status, 403);
    assert_eq!(look(path, "desk-work-account=something-else").status, 403);
    let signed_in = look(path, &kept);
    assert_eq!(
        (signed_in.status, signed_in.header("location")),
        (303, Some("/decisions")),
        "{}",
        signed_in.body
    );
    let session = format!("desk={}", cookie(&signed_in, "desk"));
    assert_eq!(look(path, &kept).status, 403, "a code counts once");

    // an officer sees people, and releases nothing
    let people = look("/people", &session);
    assert!(people.status == 200 && people.body.contains("Kilgore Trout"), "{}", people.body);
    let csrf =
        people.body.split("name=\"csrf\" value=\"").nth(1).and_then(|it| it.split('"').next());
    let csrf = csrf.expect("the form has a secret");
    let asked = http::form_as(
        port,
        "/people",
        &session,
        &format!("who=nobody-here&kind=auto&reason=audit&csrf={csrf}"),
    );
    assert_eq!(asked.expect("an answer").0, 200);
    let looks = read_all(&broker.bootstrap, &[&topics.access_log]);
    let look_up: Value = serde_json::from_slice(looks[0].value.as_deref().unwrap()).unwrap();
    assert_eq!(
        (&look_up["account"], &look_up["role"]),
        (&"Kilgore Trout".into(), &"officer".into())
    );
    let release = http::form_as(
        port,
        "/intake/0/0/confirm",
        &session,
        &format!("what=test&reason=x&csrf={csrf}"),
    );
    assert_eq!(release.expect("an answer").0, 403);
    desk.stop();
}
