"""Checks one rendered overlay: check.py OVERLAY [FOLDER for its configuration] < manifests"""

import pathlib
import sys

import yaml

FLEET = {"web", "position-tracker", "vehicle-telemetry", "staff"}
problems = []


def need(condition, problem):
    if not condition:
        problems.append(problem)


def check_container(name, pod, container):
    """What holds for every container: no rights to spare, bounded, probed."""
    context = container.get("securityContext", {})
    need(context.get("readOnlyRootFilesystem") is True, f"{name}: the root can be written to")
    need(context.get("allowPrivilegeEscalation") is False, f"{name}: privileges may grow")
    need(context.get("capabilities", {}).get("drop") == ["ALL"], f"{name}: capabilities are kept")
    whole = pod.get("securityContext", {})
    need(whole.get("runAsNonRoot") is True, f"{name}: may run as root")
    need(whole.get("runAsUser") == 65532, f"{name}: runs as another user than the image's")
    seccomp = whole.get("seccompProfile", {}).get("type")
    need(seccomp == "RuntimeDefault", f"{name}: no seccomp profile")
    need(pod.get("automountServiceAccountToken") is False, f"{name}: mounts a token")
    need(pod.get("enableServiceLinks") is False, f"{name}: services become variables")
    need("memory" in container.get("resources", {}).get("limits", {}), f"{name}: memory unbounded")
    ports = {port["name"] for port in container.get("ports", [])}
    for probe in ("readinessProbe", "livenessProbe"):
        port = container.get(probe, {}).get("httpGet", {}).get("port")
        need(port in ports, f"{name}: {probe} asks no port of the container")


def check_gateway(deployment, objects):
    spec = deployment["spec"]
    pod = spec["template"]["spec"]
    container = pod["containers"][0]
    paths = {kind: container[kind]["httpGet"]["path"] for kind in ("readinessProbe", "livenessProbe")}
    need(paths == {"readinessProbe": "/readyz", "livenessProbe": "/healthz"}, f"probes: {paths}")
    need(spec["replicas"] >= 2, "portico: one pod is none while it is replaced")
    need(spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0, "portico: goes before it comes")

    options = dict(arg.lstrip("-").split("=") for arg in container["args"] if "=" in arg)
    drain = sum(int(options[name].rstrip("s")) for name in ("drain-delay", "drain-timeout"))
    need(pod["terminationGracePeriodSeconds"] > drain, "portico: is killed before it has drained")

    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    need(not any("subPath" in mount for mount in mounts.values()), "subPath is never updated")
    need(options["cache"] in mounts, "portico: nowhere to keep compiled plugins")
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    config = volumes[mounts[options["config"]]["name"]]["configMap"]["name"]
    need(config == "portico-config", f"the ConfigMap's name changes with its contents: {config}")
    need(("ConfigMap", config) in objects, f"there is no ConfigMap {config}")
    secret = container["env"][0]["valueFrom"]["secretKeyRef"]
    need(secret.get("optional") is True, "portico: does not start without an admin token")


def check_ways_in(overlay, objects):
    service = objects["Service", "portico"]["spec"]
    port = service["ports"][0]
    if overlay == "loadbalancer":
        need(service["type"] == "LoadBalancer", f"the service is a {service['type']}")
    else:
        need(service["type"] == "NodePort", f"the service is a {service['type']}")
        need(port.get("nodePort") == 30080, f"the node port is {port.get('nodePort')}")
    need(port["port"] == 80, f"the service's port is {port['port']}")
    need(objects["Service", "portico-admin"]["spec"]["type"] == "ClusterIP", "admin is exposed")
    ingress = objects["NetworkPolicy", "portico"]["spec"]["ingress"]
    admin = [rule for rule in ingress if {"port": "admin"} in rule["ports"]]
    inside = [{"namespaceSelector": {}}]
    need([rule.get("from") for rule in admin] == [inside], "the admin port is open to everyone")


def check_configuration(text, objects):
    config = yaml.safe_load(text)
    container = objects["Deployment", "portico"]["spec"]["template"]["spec"]["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    listening = {int(listener["address"].rsplit(":", 1)[1]) for listener in config["listeners"]}
    need(listening == {ports["http"]}, f"the gateway listens on {listening}, the pod on {ports}")
    for service in config["services"]:
        name, namespace, rest = service["endpoints"][0].split(".", 2)
        known = ("Service", name) in objects and namespace == "fleet"
        need(known and rest == "svc.cluster.local:80", f"endpoint {service['endpoints'][0]}")


def main():
    overlay = sys.argv[1]
    documents = [document for document in yaml.safe_load_all(sys.stdin) if document]
    objects = {(each["kind"], each["metadata"]["name"]): each for each in documents}
    need(len(objects) == len(documents), "two objects share a name")

    deployments = {name for kind, name in objects if kind == "Deployment"}
    need(deployments == FLEET | {"portico"}, f"deployments: {sorted(deployments)}")
    for name in deployments:
        spec = objects["Deployment", name]["spec"]["template"]["spec"]
        for container in spec["containers"]:
            check_container(name, spec, container)
        need(("Service", name) in objects, f"{name}: no service")
    check_gateway(objects["Deployment", "portico"], objects)
    check_ways_in(overlay, objects)

    files = objects.get(("ConfigMap", "portico-config"), {}).get("data", {})
    if "portico.yaml" in files:
        check_configuration(files["portico.yaml"], objects)
    else:
        need(False, "no ConfigMap portico-config with a portico.yaml")
    if files and len(sys.argv) > 2:
        folder = pathlib.Path(sys.argv[2])
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text)

    for problem in problems:
        print(f"{overlay}: {problem}")
    if not problems:
        print(f"{overlay}: {len(documents)} objects, all as they should be")
    return bool(problems)


sys.exit(main())
