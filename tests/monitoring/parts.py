"""The parts of the monitoring test: evs-sim, a controller, a node and a Prometheus that scrapes both each second, all on
loopback; and volumes, driven by the CSI calls that Kubernetes would make."""
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

READY_S = 30  # a part must be ready within this time
CALL_S = 60
SCRAPE_S = 1
NAMESPACE, RELEASE, NODE_LABEL = "evs-csi", "evs-csi", "server-1"
GIB = 1 << 30
NODE_SERVER = "demo.node-1"  # of the simulator's default account; the node plugin runs there
# Long enough to be seen in scrapes, and no two of one length.
PROFILE = {"http_ms": 5, "list_lag_ms": 300, "jobs": {
    name: {"median_ms": median, "sigma": 0.4} for name, median in {
        "createVolume": 1200, "deleteVolume": 500, "extendVolume": 600, "attachVolume": 500, "detachVolume": 400,
        "createSnapshot": 800, "deleteSnapshot": 400}.items()}}


class Failure(Exception):
    """What went wrong, in a sentence."""


def wait_for(what, condition, seconds=READY_S):
    """The first true value of condition()."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"{what}: not within {seconds} s")
        time.sleep(0.05)


def http(method, url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method)
    try:
        with urllib.request.urlopen(request, timeout=CALL_S) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        raise Failure(f"{method} {url}: {error.code}: {error.read().decode()[:300]}") from error


def answers(url):
    try:
        http("GET", url)
        return True
    except (Failure, OSError):
        return False


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Parts:
    """Everything that runs. Use as a context: its end kills what is left. directory: short enough for sockets; logs: where each
    part's log goes."""

    def __init__(self, bin_dir, directory, logs):
        self.bin, self.dir, self.logs = bin_dir, directory, logs
        self.running = {}
        self.ports = {name: free_port() for name in ("controller", "node", "prometheus")}
        self.kubelet = os.path.join(directory, "kubelet")
        self.config = os.path.join(directory, "cloud-config")
        os.makedirs(self.kubelet)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name in list(self.running):
            self.stop(name, kill=True)
        with open("/proc/self/mounts", encoding="utf-8") as file:
            mounts = [line.split()[1] for line in file]
        for mount in reversed(mounts):
            if mount.startswith(self.dir + "/"):
                subprocess.run(["umount", "--lazy", mount], check=False)
        if hasattr(self, "state"):  # loop devices
            subprocess.run([f"{self.bin}/evs-sim", f"--state-dir={self.state}", "--purge"], check=False)

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8", opener=lambda p, flags: os.open(p, flags, 0o600)) as file:
            file.write(text)
        return path

    def start(self, name, *command):
        with open(os.path.join(self.logs, name + ".log"), "ab") as log:
            self.running[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def ready(self, name, url):
        def is_ready():
            if self.running[name].poll() is not None:
                raise Failure(f"{name} has ended: {self.log_of(name)[-500:]}")
            return answers(url)
        wait_for(f"{name} answers", is_ready)

    def stop(self, name, kill=False):
        process = self.running.pop(name)
        if kill:
            process.kill()
        else:
            process.terminate()
        try:
            process.wait(READY_S)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise Failure(f"{name} does not end by SIGTERM") from error

    def log_of(self, name):
        with open(os.path.join(self.logs, name + ".log"), encoding="utf-8", errors="replace") as log:
            return log.read()

    # ---- the cloud ----

    def start_cloud(self):
        state = os.path.join(self.dir, "sim")
        os.mkdir(state)
        self.start("sim", f"{self.bin}/evs-sim", "--listen=127.0.0.1:0", f"--state-dir={state}",
                   "--profile=" + self.write("profile.json", json.dumps(PROFILE)))
        line = wait_for("evs-sim is ready", lambda: [x for x in self.log_of("sim").splitlines() if x.startswith("ready ")])
        self.cloud_url = line[0].split()[1]
        self.state = state
        with open(os.path.join(state, "accounts.json"), encoding="utf-8") as file:
            account = json.load(file)["accounts"][0]
        user, project = account["users"][0], account["projects"][0]
        services = "".join(f"endpoint-{name}={self.cloud_url}/{name}\n" for name in ("evs", "ecs", "iam"))
        self.good_config = (f"[Global]\ncloud=sim.test\nregion=sim-1\nauth=password\nauth-url={self.cloud_url}/iam/v3\n{services}"
                            f"user-name={user['name']}\npassword={user['password']}\ndomain-name={account['name']}\n"
                            f"project-name={project['name']}\n")
        self.write("cloud-config", self.good_config)
        self.operators_config = self.write("operators-config", self.good_config)

    def admin(self, method, path, body=None):
        answer = http(method, f"{self.cloud_url}/_sim/{path}", body)
        return json.loads(answer) if answer.strip() else None

    def fault(self, op, times, volume=None, **action):
        match = {key: value for key, value in (("op", op), ("volume", volume)) if value}
        return self.admin("POST", "faults", {"match": match, **({"times": times} if times else {}), "action": action})["id"]

    def mend(self, fault):
        self.admin("DELETE", f"faults/{fault}")

    def server(self, name):
        return os.path.basename(os.path.realpath(os.path.join(self.state, "servers/by-name", name)))

    def evsctl(self, *arguments):
        done = subprocess.run([f"{self.bin}/evsctl", f"--cloud-config={self.operators_config}", "-o", "json", *arguments],
                              capture_output=True, text=True, timeout=CALL_S, check=False)
        if done.returncode:
            raise Failure(f"evsctl {' '.join(arguments)}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    # ---- the plugins ----

    def start_controller(self):
        self.start("controller", f"{self.bin}/evs-csi-controller", f"--endpoint=unix://{self.dir}/controller.sock",
                   f"--cloud-config={self.config}", "--cluster-id=monitoring", "--stuck-after-ms=1500",
                   f"--http-endpoint=127.0.0.1:{self.ports['controller']}")
        self.ready("controller", f"http://127.0.0.1:{self.ports['controller']}/healthz")

    def start_node(self):
        server = self.server(NODE_SERVER)
        tree = os.path.join(self.state, "servers", server)
        self.start("node", f"{self.bin}/evs-csi-node", f"--endpoint=unix://{self.dir}/node.sock",
                   f"--metadata-url={self.cloud_url}/meta/{server}", f"--dev-dir={tree}/dev", f"--sys-dir={tree}/sys",
                   f"--kubelet-dir={self.kubelet}", f"--http-endpoint=127.0.0.1:{self.ports['node']}")
        self.ready("node", f"http://127.0.0.1:{self.ports['node']}/healthz")
        self.csi("node", "NodeGetInfo", {})

    def csi(self, plugin, method, request, timeout=CALL_S):
        done = subprocess.run([f"{self.bin}/evsctl", "csi", f"--endpoint=unix://{self.dir}/{plugin}.sock",
                               f"--timeout={timeout}", method, "-"], input=json.dumps(request), capture_output=True, text=True,
                              timeout=timeout + 10, check=False)
        if done.returncode:
            raise Failure(f"{method}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    # ---- Prometheus ----

    def start_prometheus(self):
        jobs = [{"job_name": f"{NAMESPACE}/{RELEASE}-{part}", "static_configs": [
            {"targets": [f"127.0.0.1:{self.ports[part]}"],
             "labels": {"namespace": NAMESPACE, "pod": f"{RELEASE}-{part}-{suffix}", "container": f"evs-csi-{part}",
                        "node": server}}]} for part, suffix, server in (("controller", "7d9f8-x2x9k", "server-0"),
                                                                        ("node", "4qzwl", NODE_LABEL))]
        # JSON is YAML
        config = {"global": {"scrape_interval": f"{SCRAPE_S}s", "scrape_timeout": f"{SCRAPE_S}s"}, "scrape_configs": jobs}
        self.prometheus_url = f"http://127.0.0.1:{self.ports['prometheus']}"
        self.start("prometheus", "prometheus", "--config.file=" + self.write("prometheus.yml", json.dumps(config)),
                   f"--storage.tsdb.path={self.dir}/tsdb", f"--web.listen-address=127.0.0.1:{self.ports['prometheus']}",
                   "--log.level=warn")

    def query(self, path, **arguments):
        answer = json.loads(http("GET", f"{self.prometheus_url}/api/v1/{path}?{urllib.parse.urlencode(arguments)}"))
        return answer["data"] if path == "series" else answer["data"]["result"]

    def await_prometheus(self):
        self.ready("prometheus", f"{self.prometheus_url}/-/ready")

    def await_seen(self, expression, seconds=READY_S):
        """Until Prometheus has scraped what makes the expression give something."""
        wait_for(f"Prometheus sees {expression}", lambda: self.query("query", query=expression), seconds)


class Volume:
    """One volume on the node's server."""

    def __init__(self, parts, name, fs_type="ext4", gib=10):
        self.parts, self.name, self.gib, self.fs_type = parts, name, gib, fs_type
        self.capability = {"mount": {"fs_type": fs_type}, "access_mode": {"mode": "SINGLE_NODE_WRITER"}}
        self.staging = os.path.join(parts.kubelet, "plugins/kubernetes.io/csi/evs", name)
        self.target = os.path.join(parts.kubelet, "pods", name, "volumes/kubernetes.io~csi/data/mount")
        self.server = parts.server(NODE_SERVER)

    def create(self, source=None):
        zone = {"segments": {"topology.evs.csi.huaweicloud.com/zone": "sim-1a"}}
        request = {"name": self.name, "capacity_range": {"required_bytes": self.gib * GIB},
                   "volume_capabilities": [self.capability], "parameters": {"type": "SSD"},
                   "accessibility_requirements": {"requisite": [zone], "preferred": [zone]}}
        if source:
            request["volume_content_source"] = source
        self.id = self.parts.csi("controller", "CreateVolume", request)["volume"]["volume_id"]
        return self

    def attach(self, server=None):
        self.server = server or self.server
        self.context = self.parts.csi("controller", "ControllerPublishVolume", {
            "volume_id": self.id, "node_id": self.server, "volume_capability": self.capability})["publish_context"]

    def _on_node(self, method, **more):
        return self.parts.csi("node", method, {"volume_id": self.id, **more})

    def stage(self):
        os.makedirs(self.staging, exist_ok=True)
        self._on_node("NodeStageVolume", staging_target_path=self.staging, publish_context=self.context,
                      volume_capability=self.capability)

    def publish(self):
        os.makedirs(os.path.dirname(self.target), exist_ok=True)
        self._on_node("NodePublishVolume", staging_target_path=self.staging, target_path=self.target,
                      publish_context=self.context, volume_capability=self.capability)
        with open(os.path.join(self.target, "data"), "wb") as file:
            file.write(os.urandom(1 << 20))
        self._on_node("NodeGetVolumeStats", volume_path=self.target)

    def put_up(self):
        self.attach()
        self.stage()
        self.publish()

    def unpublish(self):
        self._on_node("NodeUnpublishVolume", target_path=self.target)

    def unstage(self):
        self._on_node("NodeUnstageVolume", staging_target_path=self.staging)

    def detach(self):
        self.parts.csi("controller", "ControllerUnpublishVolume", {"volume_id": self.id, "node_id": self.server})

    def take_down(self):
        self.unpublish()
        self.unstage()
        self.detach()

    def delete(self):
        self.parts.csi("controller", "DeleteVolume", {"volume_id": self.id})

    def grow(self, gib):
        self.gib = gib
        size = {"required_bytes": gib * GIB}
        self.parts.csi("controller", "ControllerExpandVolume", {
            "volume_id": self.id, "capacity_range": size, "volume_capability": self.capability})
        self._on_node("NodeExpandVolume", volume_path=self.target, staging_target_path=self.staging, capacity_range=size,
                      volume_capability=self.capability)

    def damage(self, command):
        """Spoils its ext4 by debugfs, in the disk's file, while it is attached nowhere."""
        image = os.path.join(self.parts.state, "disks", self.id + ".img")
        for line in (command, "ssv state 0"):  # not unmounted cleanly
            subprocess.run(["debugfs", "-w", "-R", line, image], check=True, capture_output=True, timeout=CALL_S)
