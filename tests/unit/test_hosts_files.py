"""The files of deployments/hosts/ agree with the program: the guard, the pool, the commands, what is published."""

import re
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from cli.prefect_server import PrefectHome, client_environment, server_environment, worker_argv
from deployments.table import POOL

FILES = Path(__file__).parents[2] / "deployments" / "hosts"
# What each machine must say itself; all the rest stands in the two files.
OF_THE_MACHINE = {
    "PREFECT_HOME",
    "PREFECT_API_URL",
    "PREFECT_API_AUTH_STRING",
    "PREFECT_SERVER_API_AUTH_STRING",
    "PREFECT_SERVER_API_HOST",
    "PREFECT_SERVER_API_PORT",
    "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS",
    "PREFECT_SERVER_UI_API_URL",
    "PREFECT_SERVER_UI_STATIC_DIRECTORY",
}


@pytest.fixture(scope="module")
def compose():
    return YAML(typ="safe").load(FILES / "compose.yaml")


@pytest.fixture(scope="module")
def services(compose):
    return compose["services"]


def settings_of(*names):
    lines = [line for name in names for line in (FILES / name).read_text("utf-8").splitlines()]
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def own(environment):
    """Return what dondoc sets for its own server or its clients, but for what differs on each machine."""
    ours = {name: value for name, value in environment.items() if name.startswith(("PREFECT_", "DO_NOT", "PYTHONUNB"))}
    return {name: value for name, value in ours.items() if name not in OF_THE_MACHINE}


def test_the_files_say_what_dondoc_says_to_its_own_server_and_worker(tmp_path):
    home = PrefectHome(tmp_path, 4200)
    assert settings_of("prefect-client.env") == own(client_environment(home))
    both = settings_of("prefect-client.env", "prefect-server.env")
    assert own(server_environment(home)).items() <= both.items()


def test_every_setting_of_a_machine_is_in_the_compose_file_and_in_the_plain_commands(services):
    server = services["prefect-server"]
    secrets = {one if isinstance(one, str) else one["target"] for one in server["secrets"]}
    assert server["environment"].keys() | secrets >= OF_THE_MACHINE
    plain = set(re.findall(r"^(PREFECT_\w+)=", (FILES / "README.md").read_text("utf-8"), re.MULTILINE))
    assert plain == server["environment"].keys() | secrets


def test_the_worker_is_started_as_dondoc_starts_its_own(services):
    [python, *ours] = worker_argv(name="NAME")
    assert python == sys.executable
    command = " ".join(["prefect", *ours[2:]])
    assert services["worker"]["command"][2] == "exec " + command.replace("NAME", '"$$HOSTNAME"')
    assert command.replace("NAME", "%H") in (FILES / "README.md").read_text("utf-8")
    assert f"--pool {POOL} " in command
    assert services["worker"]["deploy"]["replicas"] >= 2


def test_only_the_pages_and_the_ui_are_published_and_only_on_the_loopback_interface(services):
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"prefect-server": ["127.0.0.1:4200:4200"], "proxy": ["127.0.0.1:8080:8081"]}
    assert all("host" not in service.get("network_mode", "") for service in services.values())


def test_the_stores_are_in_a_network_without_a_way_out(compose, services):
    assert compose["networks"]["data"] == {"internal": True}
    assert services["postgres"]["networks"] == services["redis"]["networks"] == ["data"]


def test_secrets_stand_in_files_alone(compose, services):
    files = {name: secret["file"] for name, secret in compose["secrets"].items()}
    assert files == {name: f"secrets/{name}" for name in files}
    named = [
        one if isinstance(one, str) else one["source"] for all_ in services.values() for one in all_.get("secrets", [])
    ]
    assert set(named) == set(files)
    assert not [name for service in services.values() for name in service.get("environment", {}) if name in files]
    assert {"secrets/", "dondoc.env"} <= set((FILES / ".gitignore").read_text().split())
    assert "deployments/hosts/secrets" in (FILES / "Dockerfile.dockerignore").read_text()


def test_both_migrations_end_before_anything_that_needs_them_is_started(services):
    done, healthy = {"condition": "service_completed_successfully"}, {"condition": "service_healthy"}
    assert services["migrate-prefect"]["depends_on"] == {"postgres": healthy}
    assert services["migrate-dondoc"]["depends_on"]["migrate-prefect"] == done
    assert services["prefect-server"]["depends_on"] == {"redis": healthy, "migrate-prefect": done}
    assert services["deploy"]["depends_on"] == {"migrate-dondoc": done, "prefect-server": healthy}
    assert services["worker"]["depends_on"] == {"deploy": done}
    assert services["pages"]["depends_on"]["migrate-dondoc"] == done


def test_what_runs_for_good_is_started_again_and_looked_after(services):
    for name in ("postgres", "redis", "prefect-server", "worker", "pages", "proxy"):
        assert services[name]["restart"] == "unless-stopped"
    for name in ("postgres", "redis", "prefect-server", "pages"):
        assert services[name]["healthcheck"]["test"][0] == "CMD"


def test_images_are_official_ones_of_a_named_version_and_files_that_are_mounted_exist(services):
    images = {service["image"] for service in services.values()}
    assert {image for image in images if not re.fullmatch(r"(postgres|redis|nginx):\d+(\.\d+)?-bookworm", image)} == {
        "dondoc"
    }
    mounts = [mount for service in services.values() for mount in service.get("volumes", []) if mount.startswith("./")]
    assert mounts
    assert all((FILES / mount.split(":")[0]).is_file() for mount in mounts)
    assert (
        FILES / services["migrate-prefect"]["build"]["context"] / services["migrate-prefect"]["build"]["dockerfile"]
    ).is_file()
