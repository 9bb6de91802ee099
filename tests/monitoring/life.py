"""Volumes live and die while Prometheus watches: each phase brings about what some panels of the dashboard show, and where that
passes by itself, waits until Prometheus has seen it."""
import concurrent.futures
import time

from parts import Failure, Volume, wait_for

MARKS = "evs.csi.huaweicloud.com/"


def at_once(*calls):
    """All calls in threads of their own; the first failure is raised."""
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        for running in [pool.submit(call) for call in calls]:
            running.result()


def refused(call, words):
    try:
        call()
    except Failure as failure:
        if words in str(failure):
            return
        raise
    raise Failure(f"went well instead of being refused: {words}")


def come_up(parts):
    volumes = [Volume(parts, f"pvc-{fs_type}-{i}", fs_type) for fs_type in ("ext4", "xfs", "btrfs") for i in (1, 2)]
    at_once(*(volume.create for volume in volumes))
    at_once(*(volume.put_up for volume in volumes))
    return volumes


def ask_twice(parts, number):
    """Equal calls at one time: one disk."""
    volume = Volume(parts, f"pvc-equal-{number}")
    at_once(volume.create, Volume(parts, volume.name).create)
    return volume


def grow(volumes):
    """Mounted, two of each kind that this can be done with without CAP_SYS_RESOURCE."""
    for fs_type in ("xfs", "btrfs"):
        for volume in volumes:
            if volume.fs_type == fs_type:
                volume.grow(20)


def throttle(parts):
    """The cloud takes no creates for a while."""
    parts.fault("6.1.1", 1, kind="throttle", form="429", ms=2500)
    volumes = [Volume(parts, f"pvc-throttled-{i}") for i in range(3)]
    at_once(*(volume.create for volume in volumes))
    return volumes


def damage(volumes):
    """Two file systems are repaired, then one needs a person."""
    ext4 = [volume for volume in volumes if volume.fs_type == "ext4"][:2]

    def spoil(volume, command):
        volume.take_down()
        volume.damage(command)
        volume.attach()

    def spoil_a_little(volume):
        spoil(volume, "ssv free_blocks_count 7")
        volume.stage()
        volume.publish()

    at_once(*(lambda v=volume: spoil_a_little(v) for volume in ext4))
    volume = ext4[0]
    spoil(volume, "clri <2>")  # its root directory
    for _ in range(2):
        refused(volume.stage, "need a person")
    volume.detach()
    volumes.remove(volume)
    volume.delete()


def leave_a_snapshot(parts, source):
    """The snapshot behind a clone cannot be deleted: the next controller finds it, and the one after removes it."""
    fault = parts.fault("6.2.2", None, kind="status", status=403, code="EVS.5403", shape="error")
    clone = Volume(parts, "pvc-clone", source.fs_type, source.gib)
    clone.create({"volume": {"volume_id": source.id}})
    parts.stop("controller")
    parts.start_controller()
    parts.await_seen("evs_controller_leftover_snapshots > 0")
    parts.mend(fault)
    parts.stop("controller", kill=True)
    parts.start_controller()
    parts.await_seen("evs_controller_leftover_snapshots_removed_total > 0")
    return clone


def hang(parts, volume):
    """A detach hangs, and its server goes down: the disk is taken from it."""
    server = parts.server("demo.node-2")
    volume.attach(server)
    fault = parts.fault("ecs.detach", 1, kind="stuck", state="detaching", volume=volume.id)
    detached = concurrent.futures.ThreadPoolExecutor(1).submit(volume.detach)
    parts.await_seen('evs_controller_stuck_disks{status="detaching"} > 0')
    parts.admin("PUT", f"servers/{server}", {"status": "SHUTOFF"})
    detached.result()
    parts.mend(fault)
    parts.admin("PUT", f"servers/{server}", {"status": "ACTIVE"})
    parts.await_seen("evs_controller_forced_detaches_total > 0")


def make_duplicates(parts, volume):
    """Disks and snapshots with marks of others, as two controllers may make them in a cloud without idempotency tokens."""
    disk = parts.evsctl("volume", "show", volume.id)
    marks = [f"--metadata={key}={value}" for key, value in disk["metadata"].items() if key.startswith(MARKS)]
    twin = parts.evsctl("volume", "create", f"--name={disk['name']}", f"--zone={disk['availability_zone']}", "--type=SSD",
                        f"--size={disk['size']}", *marks)
    volume.create()
    request = {"name": "snapshot-equal", "source_volume_id": volume.id}
    snapshot = parts.csi("controller", "CreateSnapshot", request)["snapshot"]["snapshot_id"]
    shown = parts.evsctl("snapshot", "show", snapshot)
    marks = [f"--metadata={key}={value}" for key, value in shown["metadata"].items() if key.startswith(MARKS)]
    other = parts.evsctl("snapshot", "create", volume.id, f"--name={shown['name']}", "--force", *marks)
    parts.csi("controller", "CreateSnapshot", request)
    for name in ("disks", "snapshots"):
        parts.await_seen(f"evs_controller_duplicate_{name}_total > 0")
    for extra in (snapshot, other["id"]):
        parts.evsctl("snapshot", "delete", extra, "--yes")
    parts.evsctl("volume", "delete", twin["id"], "--yes")


def fail(parts, times=3):
    """The cloud fails by its own fault; the first call of a kind is in no rate."""
    fault = parts.fault("6.1.3", None, kind="status", status=500, code="EVS.2011", shape="error")
    for number in range(1, times + 1):
        refused(lambda: parts.csi("controller", "ListVolumes", {}), "UNAVAILABLE")
        parts.await_seen(f'evs_rpc_total{{method="ListVolumes", code="UNAVAILABLE"}} >= {number}')
    parts.mend(fault)
    parts.fault("6.1.3", 2, kind="status", status=503, code="EVS.5503", shape="error")  # repeated unnoticed
    parts.csi("controller", "ListVolumes", {})


def lose_the_cloud(parts):
    fault = parts.fault(None, None, kind="drop", when="before")
    at_once(lambda: refused(lambda: parts.csi("controller", "ListVolumes", {}, timeout=2), "ListVolumes"),
            lambda: parts.await_seen("evs_ready == 0"))
    parts.mend(fault)
    parts.csi("controller", "ListVolumes", {})
    parts.await_seen("evs_ready == 1")


def let_credentials_end(parts):
    """What was issued for a day is over in a second: the simulator's clock runs fast. (Once: refused credentials are renewed
    every 10 s at most.)"""
    speed, hours = 100000, 25
    renewals = 'evs_cloud_credentials_renewals_total{result="ok"}'
    before = parts.query("query", query=renewals)[0]["value"][1]
    parts.admin("PUT", "clock", {"speed": speed})
    over = time.monotonic() + hours * 3600 / speed
    wait_for("a day of the cloud", lambda: time.monotonic() > over)
    parts.admin("PUT", "clock", {"speed": 1})
    parts.csi("controller", "ListVolumes", {})
    parts.await_seen(f"{renewals} > {before}")


def spoil_config(parts):
    parts.write("cloud-config", "[Global]\nnonsense = 1\n")
    parts.await_seen("evs_config_last_reload_successful == 0")
    parts.write("cloud-config", parts.good_config)
    parts.await_seen("evs_config_last_reload_successful == 1")


def restart_node(parts):
    parts.stop("node")
    parts.await_seen('up{container="evs-csi-node"} == 0')
    parts.start_node()
    parts.await_seen('up{container="evs-csi-node"} == 1')


def go_down(parts, volumes):
    at_once(*(volume.take_down for volume in volumes))
    at_once(*(volume.delete for volume in volumes))
    left = parts.admin("GET", "state")
    if left["disks"] or left["snapshots"]:
        raise Failure(f"left in the cloud: {left['disks']}, {left['snapshots']}")


def live(parts, say):
    say("volumes come up")
    volumes = come_up(parts)
    say("the cloud throttles")
    throttled = throttle(parts)
    say("a clone leaves its snapshot behind")
    clone = leave_a_snapshot(parts, volumes[0])
    say("equal calls, growth")
    equal = [ask_twice(parts, number) for number in (1, 2)]
    grow(volumes)
    say("damaged file systems, a wrong cloud-config, a detach that hangs, disk and snapshot twice")
    at_once(lambda: damage(volumes), lambda: spoil_config(parts), lambda: hang(parts, clone),
            lambda: make_duplicates(parts, equal[0]))
    throttled[0].put_up()
    volumes.append(throttled.pop(0))
    say("failures, no cloud, no node, no credentials")
    fail(parts)
    lose_the_cloud(parts)
    restart_node(parts)
    let_credentials_end(parts)
    say("volumes go")
    at_once(*(volume.delete for volume in (clone, *equal, *throttled)))
    go_down(parts, volumes)
