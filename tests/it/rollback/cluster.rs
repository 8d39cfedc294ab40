//! What is asked of a cluster, with the real kubectl: pods that are ready, an address, logs, a deployment's size.

use std::io::Write as _;
use std::process::Command;

use serde_json::{Value, json};

use super::stage::{Stage, last};

const HEAD: &str = "runbook = \"own\"\ntitle = \"Own\"\nsummary = \"Asks a cluster.\"\n";

fn step(id: &str, more: &str) -> String {
    format!(
        "[[step]]\nid = \"{id}\"\ntitle = \"{id}\"\nkind = \"kubernetes\"\ndo = \"{id}\"\ncluster = \"old\"\ntimeout = \"3s\"\n\
         namespace = \"mys-dev\"\nkubeconfig = \"${{kubeconfig}}\"\n{more}\n"
    )
}

fn pod(name: &str, ready: bool, waiting: Option<&str>) -> Value {
    let state = waiting.map_or_else(|| json!({ "running": {} }), |reason| json!({ "waiting": { "reason": reason } }));
    let metadata = json!({ "name": name, "namespace": "mys-dev", "labels": { "app": "publisher" } });
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": metadata,
        "spec": { "containers": [{ "name": "main", "image": "none" }] },
        "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": if ready { "True" } else { "False" } }],
                    "containerStatuses": [{ "name": "main", "state": state }] },
    })
}

fn cluster(pods: &[Value], points: &Value) -> Value {
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": { "name": "main", "namespace": "mys-dev" },
        "spec": {}, "status": { "loadBalancer": { "ingress": points } },
    });
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "publisher", "namespace": "mys-dev" },
        "spec": { "replicas": 3 },
    });
    json!({ "namespaces": { "mys-dev": { "pods": pods, "ingresses": [ingress], "deployments": [deployment] } },
            "logs": { "p-1": "all is well\n" } })
}

/// A stage with a cluster; `None` where there is no kubectl.
fn stage(steps: &str) -> Option<Stage> {
    if Command::new("kubectl").args(["version", "--client"]).output().is_err() {
        let _ = writeln!(std::io::stderr(), "skipped: kubectl is not installed (rollback::cluster)");
        return None;
    }
    let mut stage = Stage::new(None, "");
    let world = stage.path("cluster.json");
    stage.write("cluster.json", &cluster(&[pod("p-1", true, None)], &json!([{ "ip": "192.0.2.10" }])).to_string());
    let port = stage.serve("kube.py", &world);
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "old",
        "clusters": [{ "name": "old", "cluster": { "server": format!("http://127.0.0.1:{port}") } }],
        "users": [{ "name": "old", "user": {} }],
        "contexts": [{ "name": "old", "context": { "cluster": "old", "user": "old" } }],
    });
    stage.write("kube.json", &kubeconfig.to_string());
    let kubeconfig = stage.path("kube.json").display().to_string();
    let vars = format!("[vars]\nkubeconfig = \"{kubeconfig}\"\nserver = \"http://127.0.0.1:{port}\"\n");
    stage.write("own.toml", &format!("{HEAD}{vars}{steps}"));
    Some(stage)
}

fn told(stage: &Stage, world: &Value) -> String {
    stage.write("cluster.json", &world.to_string());
    let ran = stage.run(&["run", "own.toml"]);
    assert_ne!(ran.code, 0, "{}", ran.stdout);
    assert_eq!(stage.run(&["abort", "next"]).code, 0);
    ran.stdout
}

#[test]
fn pods_are_ready_or_it_is_told_which_are_not() {
    let Some(stage) = stage(&step("pods", "selector = \"app=publisher\"\nserver = \"${server}\"")) else { return };
    let done = stage.run(&["run", "own.toml"]);
    assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);
    let points = json!([]);
    let crashing = cluster(&[pod("p-1", true, None), pod("p-2", false, Some("CrashLoopBackOff"))], &points);
    assert!(told(&stage, &crashing).contains("1 of 2 pods are ready (app=publisher): p-2 CrashLoopBackOff"));
    assert!(told(&stage, &cluster(&[], &points)).contains("0 pods are ready"), "kubectl ends with 0 all the same");
    let mut down = crashing;
    down["down"] = true.into();
    assert!(told(&stage, &down).contains("kubectl ended with exit code 1"));
}

#[test]
fn another_cluster_than_the_one_that_is_meant_is_not_asked() {
    let more = "selector = \"app=publisher\"\nserver = \"https://old.example.org\"";
    let Some(stage) = stage(&step("pods", more)) else { return };
    let stopped = stage.run(&["run", "own.toml"]);
    assert!(stopped.code == 1 && stopped.stdout.contains("and https://old.example.org is meant"), "{}", stopped.stdout);
}

#[test]
fn an_address_is_one_and_an_address() {
    let Some(stage) = stage(&step("address", "name = \"main\"")) else { return };
    let done = stage.run(&["run", "own.toml", "--json"]);
    assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);
    let found = last(&done.stdout);
    assert_eq!(found["steps"][0]["facts"]["address"], "192.0.2.10");
    let two = json!([{ "ip": "192.0.2.10" }, { "ip": "192.0.2.11" }]);
    for (points, cause) in [(json!([]), "no address"), (json!([{ "hostname": "lb" }]), "host name alone"), (two, "several")] {
        assert!(told(&stage, &cluster(&[], &points)).contains(cause), "{cause}");
    }
}

#[test]
fn logs_of_no_pod_are_not_clean_logs() {
    let Some(stage) = stage(&step("logs", "selector = \"app=publisher\"\nforbid = [\"FATAL\"]")) else { return };
    let done = stage.run(&["run", "own.toml"]);
    assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);
    assert!(told(&stage, &cluster(&[], &json!([]))).contains("no pod matches"));
    let mut loud = cluster(&[pod("p-1", true, None)], &json!([]));
    loud["logs"]["p-1"] = "FATAL: ada@example.org has no orders\nfine\n".into();
    let said = told(&stage, &loud);
    assert!(said.contains("1 lines of the last 5m hold one of FATAL") && !said.contains("ada@"), "{said}");
}

#[test]
fn a_deployment_is_scaled_and_back_again() {
    let Some(stage) = stage(&step("scale", "name = \"publisher\"\nreplicas = 0")) else { return };
    let replicas = || {
        let world: Value = serde_json::from_slice(&std::fs::read(stage.path("cluster.json")).expect("text")).expect("JSON");
        world["namespaces"]["mys-dev"]["deployments"][0]["spec"]["replicas"].clone()
    };
    let done = stage.run(&["run", "own.toml"]);
    assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);
    assert_eq!(replicas(), 0);
    let undone = stage.run(&["undo", "--confirm", "dev"]);
    assert_eq!(undone.code, 0, "{}{}", undone.stdout, undone.stderr);
    assert_eq!(replicas(), 3);
}
