//! The people's door in the manifests: each pod finds its sources, keys and gates, and nobody else's secrets.

use super::*;
use serde_json::Value;

const DOOR: &str = "deploy/kubernetes/components/door";

fn pod(set: &Value) -> &Value {
    &set["spec"]["template"]["spec"]
}

#[test]
fn a_door_finds_what_its_secret_has() {
    let set = yaml(&format!("{DOOR}/deployment.yaml"));
    assert!(
        set["spec"]["replicas"].as_u64() > Some(1),
        "an opt-out finds one while the other is replaced"
    );
    assert_eq!(set["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"], 0);
    let door = &pod(&set)["containers"][0];
    assert_eq!(door["args"], serde_json::json!(["door", "-c", "/etc/consent-gate/config.yaml"]));
    let mounts = door["volumeMounts"].as_array().unwrap();
    let path_of = |name: &str| {
        let mount = mounts.iter().find(|mount| mount["name"] == name).unwrap();
        mount["mountPath"].as_str().unwrap()
    };
    let secrets = tempfile::tempdir().unwrap();
    let token = secrets.path().join("gate-token");
    std::fs::write(&token, "not a real token").unwrap();
    let all = door["env"].as_array().unwrap().iter();
    let mut variables: Vec<(String, String)> = all
        .filter_map(|it| Some((it["name"].as_str()?.to_owned(), it["value"].as_str()?.to_owned())))
        .collect();
    let of_token =
        variables.iter_mut().find(|(name, _)| name.ends_with("GATE_TOKEN_FILE")).unwrap();
    assert!(of_token.1.starts_with(path_of("door-secrets")));
    of_token.1 = token.display().to_string();
    variables.push(("CONSENT_GATE__INSTANCE_ID".to_owned(), "consent-gate-door-0".to_owned()));
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let config = load("deploy/kubernetes/base/config.yaml", &variables).door;
    let own = path_of("door-secrets");
    for file in [config.sources_file, config.brands_file, config.keys_file] {
        assert!(file.as_ref().is_some_and(|file| file.starts_with(own)), "{file:?}");
        let name = file.unwrap().file_name().unwrap().to_str().unwrap().to_owned();
        let from = format!("--from-file={name}");
        assert!(read("deploy/README.md").contains(&from), "deploy/README.md does not make {name}");
    }
    assert!(config.dir.starts_with(path_of("data")));
    assert_eq!(door["ports"][0]["containerPort"], u64::from(config.listen.port()));
    assert!(!config.listen.ip().is_loopback(), "the kubelet cannot ask");
    assert!(config.public_url.is_some() && config.gates.len() == 3);
    let volumes = pod(&set)["volumes"].as_array().unwrap();
    let secret = volumes.iter().find(|volume| volume["name"] == "door-secrets").unwrap();
    assert_eq!(secret["secret"]["secretName"], "consent-gate-door");
}

#[test]
fn a_door_may_do_no_more_than_the_desk() {
    let (door, desk) = (
        yaml(&format!("{DOOR}/deployment.yaml")),
        yaml("deploy/kubernetes/components/desk/statefulset.yaml"),
    );
    let (door, desk) = (pod(&door), pod(&desk));
    for key in [
        "securityContext",
        "serviceAccountName",
        "automountServiceAccountToken",
        "enableServiceLinks",
    ] {
        assert_eq!(door[key], desk[key], "{key}");
    }
    assert_eq!(door["containers"][0]["securityContext"], desk["containers"][0]["securityContext"]);
    let policy = yaml("deploy/kubernetes/base/network-policy.yaml");
    assert!(policy.to_string().contains("consent-gate-door"), "what is common is open to it");
}
