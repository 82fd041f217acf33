"""A model version is served from containers, by MLflow's protocol, shut in, and another one takes over without a gap."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from longshore.errors import Cancelled, Conflict, Invalid, NotFound, WorkFailed
from longshore.mlflow_rest import registry
from longshore.progress import CancelToken
from longshore.serving import deploying, form, predicting, status, watching
from longshore.store import deployments, jobs
from longshore.store.records import Deployment
from tests.support.serving import Dock
from tests.support.tiny_models import EXAMPLE, register_tiny

pytestmark = pytest.mark.docker
ROWS = json.dumps(EXAMPLE).encode()


def predictions(dock: Dock, name: str = "house") -> Any:
    answer = predicting.predict(dock.home, name, ROWS)
    assert answer.ok, answer.body
    return json.loads(answer.body)["predictions"]


def replica(dock: Dock, name: str = "house") -> dict[str, Any]:
    kinds = {"longshore.kind": "replica", "longshore.deployment": name}
    found = [one for one in dock.containers() if kinds.items() <= one["Config"]["Labels"].items()]
    assert len(found) == 1
    return found[0]


def inside(dock: Dock, container: str, code: str) -> str:
    from longshore.containers import run
    from longshore.containers.engine import find

    return run.execute(find(dock.home), container, ["python", "-c", code]).output.decode()


def test_that_a_version_answers_by_mlflows_protocol_at_a_free_port_of_this_computer(
    dock: Dock, served: Deployment
) -> None:
    assert served.state == "healthy"
    assert served.url.startswith("http://127.0.0.1:")
    assert served.ready_s is not None
    with httpx.Client(base_url=served.url, trust_env=False) as endpoint:
        assert endpoint.get("/ping").status_code == 200
        assert endpoint.get("/health").status_code == 200
        assert endpoint.get("/version").text == "3.17.2"
        answer = endpoint.post("/invocations", json=EXAMPLE)
        assert answer.json() == {"predictions": [1.0]}


def test_that_csv_json_and_the_forms_own_request_are_answered_and_name_the_version(
    dock: Dock, served: Deployment
) -> None:
    csv = b"rooms,floor\n1.0,2\n2.0,3\n"
    answer = predicting.predict(dock.home, "house", csv, predicting.content_type_of(csv))
    assert json.loads(answer.body)["predictions"] == [1.0, 1.0]
    request = form.example_request(dock.client, "Tiny House/1")
    answer = predicting.predict(dock.home, "house", request, predicting.content_type_of(request))
    assert (answer.status, answer.version) == (200, "Tiny House/1")


def test_that_a_replica_is_nobody_with_nothing_to_write_and_no_way_out(dock: Dock, served: Deployment) -> None:
    found = replica(dock)
    host = found["HostConfig"]
    assert found["Config"]["User"] == "65532:65532"
    assert host["CapDrop"] == ["ALL"]
    assert host["ReadonlyRootfs"]
    assert "no-new-privileges" in host["SecurityOpt"]
    assert host["Memory"] > 0 and host["PidsLimit"] > 0
    assert not host["PortBindings"]
    # Names outside its network are asked for nowhere: a lookup would carry data out too.
    assert host["Dns"] == ["127.0.0.1"]
    name = found["Name"].lstrip("/")
    from longshore.containers.engine import find

    assert "Read-only" in inside(dock, name, "open('/opt/longshore/model/x', 'w')")
    reach = "import socket; socket.setdefaulttimeout(2); socket.create_connection(({0!r}, {1}))"
    with socket.create_server(("", 0)) as listener:  # on every address of this computer
        port = listener.getsockname()[1]
        gateway = find(dock.home).gateway()
        socket.create_connection((gateway, port), 2).close()
        for address in (gateway, "172.17.0.1", "1.1.1.1"):
            assert "Error" in inside(dock, name, reach.format(address, port)), address


def test_that_labels_tell_the_run_and_version_and_the_engine_checks_the_health(dock: Dock, served: Deployment) -> None:
    found = replica(dock)
    labels = found["Config"]["Labels"]
    assert labels["longshore.model"] == "Tiny House/1"
    assert labels["longshore.run"] == served.run_id
    assert "health.py" in str(found["Config"]["Healthcheck"])
    deadline = time.monotonic() + 30
    while (health := status.status(dock.home, "house").replicas[0].health) != "healthy":
        assert time.monotonic() < deadline, health
        time.sleep(0.5)
    assert found["Image"] == served.image_id


def test_that_the_registry_tells_where_the_version_is_served(dock: Dock, served: Deployment) -> None:
    told = registry.get_version(dock.client, "Tiny House", "1").tags["longshore.deployments"]
    assert [(entry["name"], entry["url"]) for entry in json.loads(told)] == [("house", served.url)]


def test_that_the_status_and_the_log_show_the_replica(dock: Dock, served: Deployment) -> None:
    found = status.status(dock.home, "house")
    assert (found.answers, found.proxy_state) == (True, "running")
    assert [one.model for one in found.replicas] == ["Tiny House/1"]
    assert found.replicas[0].memory_bytes > 10_000_000
    log = status.logs(dock.home, "house")
    assert "Uvicorn running" in log
    assert "house serves Tiny House/1" in log


class Callers:
    """Sends requests without pause, on new and on kept connections, and keeps what was answered."""

    def __init__(self, url: str) -> None:
        self.answers: list[object] = []
        self._url, self._ended = url, threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(kept,)) for kept in (True, True, False, False)]

    def __enter__(self) -> Callers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _call(self, kept: bool) -> None:
        headers = {} if kept else {"Connection": "close"}
        with httpx.Client(trust_env=False, timeout=30) as client:
            while not self._ended.is_set():
                try:
                    answer = client.post(f"{self._url}/invocations", json=EXAMPLE, headers=headers)
                    self.answers.append(answer.json()["predictions"][0] if answer.is_success else answer.status_code)
                except httpx.HTTPError as error:
                    self.answers.append(repr(error))


def test_that_a_second_version_takes_over_without_losing_a_request(dock: Dock, served: Deployment) -> None:
    version = register_tiny(dock.client, "Tiny House", answer="2.0")
    with Callers(served.url) as callers:
        time.sleep(0.5)
        row = dock.deploy(version, name="house")
        time.sleep(0.5)
    assert set(callers.answers) == {1.0, 2.0}
    assert callers.answers[0] == 1.0 and callers.answers[-1] == 2.0
    assert len(callers.answers) > 50
    assert (row.serving_version, row.port) == ("2", served.port)
    # The former one is gone, in the engine and in the registry.
    assert replica(dock)["Config"]["Labels"]["longshore.model"] == "Tiny House/2"
    assert "longshore.deployments" not in registry.get_version(dock.client, "Tiny House", "1").tags


def test_that_a_request_under_way_at_the_switch_is_answered_by_the_version_that_began_it(dock: Dock) -> None:
    dock.deploy(register_tiny(dock.client, "slow", answer="1.0", slow_s=2.0))
    row = dock.queue(register_tiny(dock.client, "slow", answer="2.0"))
    found: list[predicting.Prediction] = []
    asker = threading.Thread(target=lambda: found.append(predicting.predict(dock.home, "slow", ROWS)))

    def ask_just_before(fraction: float | None, title: str) -> None:
        if title.startswith("Switching"):
            asker.start()
            time.sleep(0.3)

    dock.carry_out(row.job_id or "", progress=ask_just_before)
    asker.join()
    assert [(answer.status, answer.version) for answer in found] == [(200, "slow/1")]
    assert predictions(dock, "slow") == [2.0]
    dock.undeploy("slow")


def test_that_a_version_that_never_gets_healthy_leaves_the_former_one_serving(dock: Dock, served: Deployment) -> None:
    before, images = dock.names(), deployments.get(dock.home, "house").image_id
    version = register_tiny(dock.client, "Tiny House", imports="import not_there_at_all")
    with Callers(served.url) as callers, pytest.raises(WorkFailed) as failure:
        dock.deploy(version, name="house")
    assert "No module named 'not_there_at_all'" in failure.value.reason
    assert failure.value.hint
    assert set(callers.answers) == {2.0}
    assert dock.names() == before
    row = deployments.get(dock.home, "house")
    assert (row.state, row.serving_version, row.model_version, row.image_id) == ("failed", "2", "2", images)
    assert row.error is not None and row.error["step"] == "health"
    assert "Tiny House/2 still serves" in row.detail
    watching.watch(dock.home)
    assert deployments.get(dock.home, "house").state == "failed", "the failure stays told"


def test_that_an_agent_killed_in_the_middle_is_followed_by_one_that_goes_on(dock: Dock, served: Deployment) -> None:
    version = register_tiny(dock.client, "Tiny House", answer="4.0")
    job = jobs.get(dock.home, dock.queue(version, name="house").job_id or "")

    class Killed(BaseException):
        """Ends the thread as a kill ends the process: nothing is taken back."""

    def die(fraction: float | None, title: str) -> None:
        if title.startswith("Waiting"):
            raise Killed

    with pytest.raises(Killed):
        dock.carry_out(job.id, progress=die)
    assert [step.state for step in jobs.steps(dock.home, job.id)] == ["done", "done", "running", "pending", "pending"]
    started = replica_names(dock, job.id)
    assert started
    dock.carry_out(job.id)
    assert replica_names(dock, job.id) == started, "no step that was done is done again"
    assert predictions(dock) == [4.0]


def replica_names(dock: Dock, job_id: str) -> set[str]:
    return {name for name in dock.names() if job_id in name}


def test_that_a_stopped_deployment_leaves_nothing_and_the_former_version_serves(dock: Dock, served: Deployment) -> None:
    before = dock.names()
    version = register_tiny(dock.client, "Tiny House", imports="time.sleep(600)")
    row = dock.queue(version, name="house")
    cancel = CancelToken()
    threading.Timer(2.5, cancel.cancel).start()
    with pytest.raises(Cancelled):
        dock.carry_out(row.job_id or "", cancel=cancel)
    assert dock.names() == before
    assert deployments.get(dock.home, "house").state == "healthy"
    assert predictions(dock) == [4.0]


def test_that_a_deployment_being_changed_is_not_changed_at_the_same_time(dock: Dock, served: Deployment) -> None:
    row = dock.queue("Tiny House/1", name="house")
    with pytest.raises(Conflict, match="being changed right now"):
        dock.queue("Tiny House/2", name="house")
    dock.carry_out(row.job_id or "")


def test_that_a_removed_replica_and_a_removed_proxy_are_noticed_and_brought_back(
    dock: Dock, served: Deployment
) -> None:
    import docker

    client = docker.from_env()
    expected = predictions(dock)
    for found in dock.containers():
        client.containers.get(found["Id"]).remove(force=True, v=True)
    client.close()
    watching.watch(dock.home)
    row = deployments.get(dock.home, "house")
    assert row.state == "unhealthy"
    assert "being made again" in row.detail
    deadline = time.monotonic() + 60
    while deployments.get(dock.home, "house").state != "healthy":
        assert time.monotonic() < deadline, deployments.get(dock.home, "house").detail
        time.sleep(0.2)
        watching.watch(dock.home)
    assert predictions(dock) == expected


@pytest.fixture
def secret(dock: Dock, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    from longshore.secrets import keyring

    monkeypatch.setenv("LONGSHORE_SECRETS_BACKEND", "vault")
    monkeypatch.setenv("LONGSHORE_VAULT_PASSPHRASE", "a long passphrase")
    keyring.set(dock.home, "secret:API_KEY", "s3cr3t-value-17")
    yield "s3cr3t-value-17"
    keyring.delete(dock.home, "secret:API_KEY")


def test_that_a_secret_reaches_the_model_and_no_place_where_it_could_be_read(dock: Dock, secret: str) -> None:
    version = register_tiny(dock.client, "vaulted", answer="os.environ['API_KEY'][::-1] + os.environ['REGION']")
    row = dock.deploy(version, env={"REGION": "eu"}, secrets=["API_KEY"], replicas=2)
    assert predictions(dock, row.name) == [secret[::-1] + "eu"]
    import docker

    client = docker.from_env()
    image = client.images.get(row.image_id)
    told = [json.dumps(dock.containers()), json.dumps(image.attrs), json.dumps(image.history())]
    told += [
        status.logs(dock.home, row.name),
        repr(row),
        (dock.home.path / "longshore.db").read_bytes().decode("latin1"),
    ]
    for name in dock.names():
        container = client.containers.get(name)
        told.append(json.dumps(container.top()))
        if "proxy" not in name:
            read = "import glob; print(open('/proc/1/environ').read(), glob.glob('/tmp/*'))"
            told.append(inside(dock, name, read))
    client.close()
    assert not [text for text in told if secret in text]
    # The engine starts a replica again by itself; the secrets come after.
    engine_restarts(dock, row.name)
    deadline = time.monotonic() + 60
    while deployments.get(dock.home, row.name).state != "healthy" or not answers(dock, row.name):
        assert time.monotonic() < deadline
        watching.watch(dock.home)
        time.sleep(0.3)
    assert predictions(dock, row.name) == [secret[::-1] + "eu"]
    dock.undeploy(row.name)


def engine_restarts(dock: Dock, name: str) -> None:
    import docker

    client = docker.from_env()
    for found in dock.containers():
        if found["Config"]["Labels"].get("longshore.deployment") == name and "proxy" not in found["Name"]:
            client.containers.get(found["Id"]).restart(timeout=1)
    client.close()
    time.sleep(3)
    watching.watch(dock.home)


def answers(dock: Dock, name: str) -> bool:
    return status.status(dock.home, name).answers


def test_that_undeploying_removes_containers_networks_row_and_tag(dock: Dock, served: Deployment) -> None:
    row = deployments.get(dock.home, "house")
    dock.undeploy("house")
    assert not dock.names()
    assert not deployments.listing(dock.home)
    assert "longshore.deployments" not in registry.get_version(dock.client, "Tiny House", row.serving_version).tags
    import docker

    client = docker.from_env()
    assert not client.networks.list(filters={"label": f"longshore.home={dock.home.id}"})
    client.close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{row.url}/ping", trust_env=False)


def test_that_an_unknown_secret_a_bad_name_and_too_many_replicas_are_refused_at_once(
    dock: Dock, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = register_tiny(dock.client, "refused")
    monkeypatch.setenv("LONGSHORE_SECRETS_BACKEND", "vault")
    monkeypatch.setenv("LONGSHORE_VAULT_PASSPHRASE", "a long passphrase")
    with pytest.raises(NotFound, match="no secret 'NOPE'"):
        dock.queue(version, secrets=["NOPE"])
    with pytest.raises(Invalid, match="can't be started"):
        dock.queue(version, replicas=99)
    with pytest.raises(Invalid, match="cannot be called"):
        dock.queue(version, name="No Good")
    with pytest.raises(Invalid, match="environment variable"):
        dock.queue(version, env={"NO GOOD": "1"})
    assert not deployments.listing(dock.home)
    assert deploying.MOST_REPLICAS == 16
