//! deploy/kubernetes: what it mounts is where the configuration looks, probes exist and never restart a gate that waits
//! for Kafka, a stop has its time, nothing runs with a right it does not need.

use std::time::Duration;

use consent_gate::config::Config;
use serde_json::Value;

use super::{
    CONFIG_FILE, UID, assert_parses, assert_served, documents, files_below, files_wanted, load,
    memory_needed, read, stop_max, strings, yaml,
};

const BASE: &str = "deploy/kubernetes/base";
const PRODUCTION: &str = "deploy/kubernetes/production";
const INSTANCE: &str = "CONSENT_GATE__INSTANCE_ID";

/// Base and overlay: configuration, StatefulSet as the base has it, and what the overlay puts over its container.
fn deployments() -> [(&'static str, Config, Value); 2] {
    [BASE, PRODUCTION].map(|directory| {
        let config = load(&format!("{directory}/config.yaml"), &[(INSTANCE, "consent-gate-0")]);
        let set = yaml(&format!("{directory}/statefulset.yaml"));
        (directory, config, set)
    })
}

fn pod(set: &Value) -> &Value {
    &set["spec"]["template"]["spec"]
}

fn container(set: &Value) -> &Value {
    &pod(set)["containers"][0]
}

fn bytes(quantity: &Value) -> u64 {
    let text = quantity.as_str().unwrap();
    let (number, shift) = match (text.strip_suffix("Mi"), text.strip_suffix("Gi")) {
        (Some(number), _) => (number, 20),
        (_, Some(number)) => (number, 30),
        _ => panic!("{text}"),
    };
    number.parse::<u64>().unwrap() << shift
}

#[test]
fn every_file_is_used_and_every_used_file_is_there() {
    let mut used = Vec::new();
    for kustomization in
        files_below("deploy/kubernetes").iter().filter(|f| f.ends_with("/kustomization.yaml"))
    {
        let directory = kustomization.strip_suffix("/kustomization.yaml").unwrap();
        used.push(kustomization.clone());
        let text = yaml(kustomization);
        let mut names = Vec::new();
        for list in [&text["resources"], &text["components"]] {
            names.extend(list.as_array().map(|_| strings(list)).unwrap_or_default());
        }
        for patch in text["patches"].as_array().into_iter().flatten() {
            names.push(patch["path"].as_str().unwrap().to_owned());
        }
        for generated in text["configMapGenerator"].as_array().into_iter().flatten() {
            names.extend(strings(&generated["files"]));
        }
        for name in names.iter().filter(|name| !name.starts_with("../")) {
            used.push(format!("{directory}/{name}"));
        }
        for other in names.iter().filter_map(|name| name.strip_prefix("../")) {
            let target =
                format!("deploy/kubernetes/{}/kustomization.yaml", other.trim_start_matches("../"));
            assert!(
                files_below("deploy/kubernetes").contains(&target),
                "{kustomization} names {other}"
            );
        }
    }
    used.sort();
    assert_eq!(used, files_below("deploy/kubernetes"));
}

#[test]
fn each_instance_has_its_name_and_all_share_one_pepper() {
    let [(_, _, set), _] = deployments();
    let environment = &container(&set)["env"][0];
    assert_eq!(environment["name"], INSTANCE);
    assert_eq!(environment["valueFrom"]["fieldRef"]["fieldPath"], "metadata.name");
    assert_eq!(
        pod(&set)["enableServiceLinks"],
        false,
        "variables of other services are not for the gate"
    );
    let name = set["metadata"]["name"].as_str().unwrap();
    assert_eq!(
        set["spec"]["serviceName"],
        yaml(&format!("{BASE}/service.yaml"))["metadata"]["name"]
    );
    for (directory, config, _) in deployments() {
        assert_eq!(config.instance_id, "consent-gate-0", "{directory}: the variable holds");
        assert!(config.instance_id.starts_with(name));
        let secrets = "/etc/consent-gate/secrets/";
        assert!(
            config.state.pepper_file.starts_with(secrets),
            "{directory}: each would make its own"
        );
        let file = format!("{directory}/config.yaml");
        for wanted in files_wanted(&file) {
            assert!(wanted.starts_with(secrets), "{directory}: {wanted} is not mounted");
        }
    }
}

#[test]
fn what_the_configuration_names_is_mounted() {
    let [(_, _, set), _] = deployments();
    let mounts = container(&set)["volumeMounts"].as_array().unwrap();
    let path_of = |name: &str| {
        let mount = mounts.iter().find(|mount| mount["name"] == name).unwrap();
        (mount["mountPath"].as_str().unwrap(), mount["readOnly"] == true)
    };
    assert_eq!(path_of("config"), (CONFIG_FILE, true));
    assert_eq!(path_of("secrets"), ("/etc/consent-gate/secrets", true));
    let (data, is_read_only) = path_of("data");
    assert!(!is_read_only);
    let claims = set["spec"]["volumeClaimTemplates"].as_array().unwrap();
    assert_eq!(claims[0]["metadata"]["name"], "data", "a volume for each instance");
    for (directory, config, _) in deployments() {
        let dir = &config.state.dir;
        assert!(dir.starts_with(data) && dir.as_os_str() != data, "{directory}: {dir:?}");
    }
}

#[test]
fn probes_exist_and_liveness_does_not_ask_for_readiness() {
    let [(_, config, set), _] = deployments();
    let gate = container(&set);
    let path = |probe: &str| gate[probe]["httpGet"]["path"].as_str().unwrap().to_owned();
    assert_eq!(path("livenessProbe"), "/livez");
    assert_eq!(path("startupProbe"), "/livez", "a restore may take hours and is no failed start");
    assert_eq!(path("readinessProbe"), "/readyz");
    assert_served(&["livenessProbe", "startupProbe", "readinessProbe"].map(path));
    let port = &gate["ports"][0];
    assert_eq!(port["containerPort"], u64::from(config.http.listen.port()));
    for probe in ["livenessProbe", "startupProbe", "readinessProbe"] {
        assert_eq!(gate[probe]["httpGet"]["port"], port["name"]);
    }
    for (directory, config, _) in deployments() {
        assert!(!config.http.listen.ip().is_loopback(), "{directory}: the kubelet cannot ask");
    }
}

#[test]
fn a_stop_has_its_time_and_a_disruption_takes_one() {
    let [(_, _, set), _] = deployments();
    let grace = pod(&set)["terminationGracePeriodSeconds"].as_u64().unwrap();
    for (directory, config, _) in deployments() {
        assert!(
            Duration::from_secs(grace) >= stop_max(&config),
            "{directory}: {:?}",
            stop_max(&config)
        );
    }
    let budget = yaml(&format!("{BASE}/pod-disruption-budget.yaml"));
    assert_eq!(budget["spec"]["maxUnavailable"], 1);
    assert_eq!(
        budget["spec"]["unhealthyPodEvictionPolicy"], "AlwaysAllow",
        "no drain waits for Kafka"
    );
    assert!(set["spec"]["replicas"].as_u64().unwrap() > 1);
}

#[test]
fn memory_is_enough_for_the_configuration() {
    for (directory, config, set) in deployments() {
        let gate = container(&set);
        let (request, limit) = (&gate["resources"]["requests"], &gate["resources"]["limits"]);
        let needed = memory_needed(&config);
        assert!(needed <= bytes(&limit["memory"]), "{directory}: {needed} bytes are needed");
        assert_eq!(
            request["memory"], limit["memory"],
            "{directory}: caches fill what they are given"
        );
        assert!(limit["cpu"].is_null(), "{directory}: throttled threads miss their time limits");
        let cores: usize = request["cpu"].as_str().unwrap().parse().unwrap();
        assert!(cores >= config.lanes, "{directory}: a core for each lane");
    }
}

/// What the `restricted` Pod Security Standard demands, and a read-only root on top.
fn assert_restricted(name: &str, pod: &Value) {
    let whole = &pod["securityContext"];
    assert_eq!(whole["runAsNonRoot"], true, "{name}");
    for id in ["runAsUser", "runAsGroup", "fsGroup"] {
        assert_eq!(whole[id], UID, "{name}: {id}");
    }
    assert_eq!(whole["seccompProfile"]["type"], "RuntimeDefault", "{name}");
    assert_eq!(pod["automountServiceAccountToken"], false, "{name}");
    for container in pod["containers"].as_array().unwrap() {
        let its = &container["securityContext"];
        assert_eq!(its["allowPrivilegeEscalation"], false, "{name}");
        assert_eq!(its["readOnlyRootFilesystem"], true, "{name}");
        assert_eq!(strings(&its["capabilities"]["drop"]), ["ALL"], "{name}");
    }
}

#[test]
fn nothing_runs_with_a_right_it_does_not_need() {
    let [(_, _, set), _] = deployments();
    let job = yaml("deploy/kubernetes/components/topics/job.yaml");
    assert_restricted("gate", pod(&set));
    assert_restricted("topics", pod(&job));
    assert_eq!(
        yaml(&format!("{BASE}/service-account.yaml"))["automountServiceAccountToken"],
        false
    );
    for set in [&set, &job] {
        assert_parses(&strings(&container(set)["args"]));
    }
    let namespace = yaml(&format!("{PRODUCTION}/namespace.yaml"));
    assert_eq!(namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted");
}

#[test]
fn selectors_select_the_gate_and_nothing_else() {
    let [(_, _, set), _] = deployments();
    let labels = &set["spec"]["template"]["metadata"]["labels"];
    assert_eq!(&set["spec"]["selector"]["matchLabels"], labels);
    assert_eq!(&yaml(&format!("{BASE}/service.yaml"))["spec"]["selector"], labels);
    let budget = yaml(&format!("{BASE}/pod-disruption-budget.yaml"));
    assert_eq!(&budget["spec"]["selector"]["matchLabels"], labels);
    let monitor = "deploy/kubernetes/components/prometheus-operator/pod-monitor.yaml";
    assert_eq!(&yaml(monitor)["spec"]["selector"]["matchLabels"], labels);
    let endpoint = &yaml(monitor)["spec"]["podMetricsEndpoints"][0];
    assert_eq!(endpoint["port"], container(&set)["ports"][0]["name"]);
    assert_served(&[endpoint["path"].as_str().unwrap().to_owned()]);
    let job = yaml("deploy/kubernetes/components/topics/job.yaml");
    let job_name = &job["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/name"];
    assert_ne!(job_name, &labels["app.kubernetes.io/name"], "it is no instance");
    let policy = yaml(&format!("{BASE}/network-policy.yaml"));
    let named = strings(&policy["spec"]["podSelector"]["matchExpressions"][0]["values"]);
    for name in [job_name, &labels["app.kubernetes.io/name"]] {
        assert!(
            named.contains(&name.as_str().unwrap().to_owned()),
            "the policy leaves {name} alone"
        );
    }
}

/// Kafka's port, and that of a registry, must get through the policy that goes with the configuration.
#[test]
fn the_network_policy_lets_the_configured_brokers_through() {
    for (directory, config, _) in deployments() {
        let policy = yaml(&format!("{directory}/network-policy.yaml"));
        let rules = policy["spec"]["egress"].as_array().unwrap();
        let ports: Vec<&Value> =
            rules.iter().flat_map(|rule| rule["ports"].as_array().unwrap()).collect();
        let is_open = |port: u64| {
            ports.iter().filter(|its| its["protocol"] == "TCP").any(|its| {
                let first = its["port"].as_u64().unwrap();
                (first..=its["endPort"].as_u64().unwrap_or(first)).contains(&port)
            })
        };
        for server in config.kafka.bootstrap_servers.split(',') {
            let port = server.rsplit_once(':').unwrap().1.parse().unwrap();
            assert!(is_open(port), "{directory}: {server} is out of reach");
        }
        assert!(is_open(53), "{directory}: names");
    }
}

#[test]
fn every_document_says_what_it_is() {
    for file in files_below("deploy/kubernetes") {
        if file.ends_with("/config.yaml") {
            continue;
        }
        for document in documents(&file) {
            assert!(document["apiVersion"].is_string() && document["kind"].is_string(), "{file}");
        }
    }
}

#[test]
fn the_ledger_keeps_what_it_writes_and_is_one() {
    let set = yaml("deploy/kubernetes/components/ledger/statefulset.yaml");
    assert_eq!(set["spec"]["replicas"], 1);
    let ledger = container(&set);
    assert_parses(&strings(&ledger["args"]));
    let variables = variables(ledger);
    let mounts = ledger["volumeMounts"].as_array().unwrap();
    let data = mounts.iter().find(|mount| mount["name"] == "data").unwrap();
    let data = data["mountPath"].as_str().unwrap();
    for directory in [BASE, PRODUCTION] {
        let variables = [variables.as_slice(), &[(INSTANCE, "consent-gate-ledger-0")]].concat();
        let config = load(&format!("{directory}/config.yaml"), &variables).ledger;
        assert!(config.dir.unwrap().starts_with(data) && config.key_file.starts_with(data));
        assert_eq!(ledger["ports"][0]["containerPort"], u64::from(config.listen.port()));
        assert!(!config.listen.ip().is_loopback(), "the kubelet cannot ask");
    }
    assert_eq!(ledger["livenessProbe"]["httpGet"]["path"], "/livez");
    assert_eq!(ledger["securityContext"]["readOnlyRootFilesystem"], true);
    let policy = yaml(&format!("{BASE}/network-policy.yaml"));
    let named = &policy["spec"]["podSelector"]["matchExpressions"][0]["values"];
    assert!(strings(named).contains(&"consent-gate-ledger".to_owned()));
}

const DESK: &str = "deploy/kubernetes/components/desk";

/// Names and values of a container's environment, those that stand in the file.
fn variables(container: &Value) -> Vec<(&str, &str)> {
    let all = container["env"].as_array().unwrap().iter();
    all.filter_map(|it| Some((it["name"].as_str()?, it["value"].as_str()?))).collect()
}

/// The configuration of the desk's pod, with a token where this test can have one.
fn desk_config(directory: &str, variables: &[(&str, &str)]) -> Config {
    const TOKEN: &str = "CONSENT_GATE__DESK__GATE_TOKEN_FILE";
    let secrets = tempfile::tempdir().unwrap();
    let token = secrets.path().join("gate-token");
    std::fs::write(&token, "not a real token").unwrap();
    let token = token.to_str().unwrap();
    let mut variables = variables.to_vec();
    variables.iter_mut().filter(|(name, _)| *name == TOKEN).for_each(|(_, value)| *value = token);
    variables.push((INSTANCE, "consent-gate-desk-0"));
    load(&format!("{directory}/config.yaml"), &variables)
}

#[test]
fn the_desk_is_one_and_finds_pepper_tokens_and_its_volume() {
    let set = yaml(&format!("{DESK}/statefulset.yaml"));
    assert_eq!(set["spec"]["replicas"], 1, "who is signed in stands in its memory");
    assert_restricted("desk", pod(&set));
    let desk = container(&set);
    assert_parses(&strings(&desk["args"]));
    let variables = variables(desk);
    let path_of = |name: &str| {
        let mounts = desk["volumeMounts"].as_array().unwrap();
        let mount = mounts.iter().find(|mount| mount["name"] == name).unwrap();
        (mount["mountPath"].as_str().unwrap(), mount["readOnly"] == true)
    };
    let secret_of = |name: &str| {
        let volumes = pod(&set)["volumes"].as_array().unwrap();
        let volume = volumes.iter().find(|volume| volume["name"] == name).unwrap();
        volume["secret"]["secretName"].as_str().unwrap().to_owned()
    };
    assert_eq!(path_of("config"), (CONFIG_FILE, true));
    let (secrets, desk_secrets) = (path_of("secrets").0, path_of("desk-secrets").0);
    assert_eq!(secret_of("secrets"), "consent-gate", "the gates' own pepper");
    assert_eq!(secret_of("desk-secrets"), "consent-gate-desk");
    for directory in [BASE, PRODUCTION] {
        let config = desk_config(directory, &variables);
        assert!(config.state.pepper_file.starts_with(secrets), "{directory}");
        let config = config.desk;
        assert!(config.dir.starts_with(path_of("data").0) && !path_of("data").1, "{directory}");
        assert!(config.tokens_file.unwrap().starts_with(desk_secrets), "{directory}");
        assert_eq!(desk["ports"][0]["containerPort"], u64::from(config.listen.port()));
        assert!(!config.listen.ip().is_loopback(), "the kubelet cannot ask");
        let limit = bytes(&desk["resources"]["limits"]["memory"]);
        assert!(2 * config.memory_bytes as u64 <= limit, "caches and what stands beside them");
    }
    let token = variables.iter().find(|(name, _)| name.ends_with("GATE_TOKEN_FILE")).unwrap().1;
    assert!(token.starts_with(desk_secrets));
    let readme = read("deploy/README.md");
    for key in ["--from-file=tokens.yaml=desk-tokens.yaml", "--from-file=gate-token"] {
        assert!(readme.contains(key), "deploy/README.md does not make {key}");
    }
}

/// The index takes as long as the log is: only readiness may wait for it.
#[test]
fn a_desk_that_builds_its_index_is_not_restarted() {
    let set = yaml(&format!("{DESK}/statefulset.yaml"));
    let desk = container(&set);
    for (probe, path) in
        [("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")]
    {
        assert_eq!(desk[probe]["httpGet"]["path"], path, "{probe}");
        assert_eq!(desk[probe]["httpGet"]["port"], desk["ports"][0]["name"], "{probe}");
    }
}

#[test]
fn the_desk_asks_every_gate_and_they_have_its_tokens() {
    let set = yaml(&format!("{DESK}/statefulset.yaml"));
    let [(_, _, gates), _] = deployments();
    let name = gates["metadata"]["name"].as_str().unwrap();
    let replicas = gates["spec"]["replicas"].as_u64().unwrap();
    for directory in [BASE, PRODUCTION] {
        let config = desk_config(directory, &variables(container(&set)));
        let port = config.http.listen.port();
        let wanted = (0..replicas).map(|n| format!("http://{name}-{n}.{name}:{port}"));
        assert_eq!(config.desk.gates, wanted.collect::<Vec<_>>(), "{directory}");
    }
    let patch = yaml(&format!("{DESK}/gate-tokens.yaml"));
    assert_eq!(patch["metadata"]["name"], name);
    assert_eq!(container(&patch)["name"], container(&gates)["name"]);
    for directory in [BASE, PRODUCTION] {
        let patched = [variables(container(&patch)), vec![(INSTANCE, "consent-gate-0")]].concat();
        let config = load(&format!("{directory}/config.yaml"), &patched);
        let tokens = config.http.tokens_file.unwrap();
        assert!(tokens.starts_with("/etc/consent-gate/secrets"), "{directory}: {tokens:?}");
    }
    assert!(read("deploy/README.md").contains(" --from-file=tokens.yaml "), "a key of that name");
}

#[test]
fn policies_let_the_proxy_reach_the_desk_and_the_desk_the_gates() {
    let set = yaml(&format!("{DESK}/statefulset.yaml"));
    let labels = &set["spec"]["template"]["metadata"]["labels"];
    assert_eq!(&set["spec"]["selector"]["matchLabels"], labels);
    let service = yaml(&format!("{DESK}/service.yaml"));
    assert_eq!(&service["spec"]["selector"], labels);
    assert_eq!(service["spec"]["ports"][0]["targetPort"], container(&set)["ports"][0]["name"]);
    assert_eq!(service["metadata"]["name"], set["spec"]["serviceName"]);
    let monitor = "deploy/kubernetes/components/prometheus-operator/pod-monitor-desk.yaml";
    assert_eq!(&yaml(monitor)["spec"]["selector"]["matchLabels"], labels);
    let common = yaml(&format!("{BASE}/network-policy.yaml"));
    let named = strings(&common["spec"]["podSelector"]["matchExpressions"][0]["values"]);
    let desk = labels["app.kubernetes.io/name"].as_str().unwrap().to_owned();
    assert!(named.contains(&desk), "names, Kafka and Prometheus");

    let [(_, config, gates), _] = deployments();
    let of_gates = &gates["spec"]["template"]["metadata"]["labels"];
    assert_ne!(labels, of_gates, "it is no instance");
    let policies = documents(&format!("{DESK}/network-policy.yaml"));
    let [of_desk, to_gates] = policies.as_slice() else { panic!("two policies") };
    assert_eq!(&of_desk["spec"]["podSelector"]["matchLabels"], labels);
    let out = &of_desk["spec"]["egress"][0];
    assert_eq!(&out["to"][0]["podSelector"]["matchLabels"], of_gates);
    assert_eq!(out["ports"][0]["port"], u64::from(config.http.listen.port()));
    assert_eq!(&to_gates["spec"]["podSelector"]["matchLabels"], of_gates);
    let into = &to_gates["spec"]["ingress"][0];
    assert_eq!(&into["from"][0]["podSelector"]["matchLabels"], labels);
    assert_eq!(into["ports"][0]["port"], container(&gates)["ports"][0]["name"]);
}
