"""What stands in deploy/ fits together: files, services, volumes, settings, and the commands that it calls."""

import copy
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from auctioneer.settings import load_settings
from bidder_agent.cli.main import FAILED, UNUSABLE
from bidder_agent.cli.options import TERMINATED
from openoutcry.mechanisms import Market
from openoutcry.scenario import load_scenario
from tests.integration.deployment import (
    BIDDERS,
    DEPLOY,
    DOCKERFILES,
    IMAGES,
    ROOT,
    UNITS,
    Compose,
    health_check,
    instructions,
    last_stage,
    read_compose,
    unit,
)

PARTY_FILES = {"ca.crt", "tls.crt", "tls.key"}
SERVICE_KEYS = {
    *("build", "cap_add", "cap_drop", "command", "configs", "depends_on", "entrypoint", "expose"),
    *("healthcheck", "image", "mem_limit", "network_mode", "networks", "pids_limit", "read_only"),
    *("restart", "secrets", "security_opt", "tmpfs", "user", "volumes"),
}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}


# --- Compose ------------------------------------------------------------------------------------------------


def _broken_references(compose: Compose) -> list[str]:
    """List everything that a service names and the file does not have, and what the file has in vain."""
    problems: list[str] = []
    used: dict[str, set[str]] = {"volumes": set(), "networks": set(), "configs": set(), "secrets": set()}
    for name, service in compose["services"].items():
        problems += [f"{name}: unknown key {key}" for key in service if key not in SERVICE_KEYS]
        used["volumes"] |= {volume.split(":")[0] for volume in service.get("volumes", [])}
        used["networks"] |= set(service.get("networks", []))
        for kind in ("configs", "secrets"):
            used[kind] |= {entry["source"] for entry in service.get(kind, [])}
        for other, need in service.get("depends_on", {}).items():
            if other not in compose["services"]:
                problems.append(f"{name}: depends on {other}, which is no service")
            if need["condition"] not in CONDITIONS:
                problems.append(f"{name}: unknown condition {need['condition']}")
    for kind, names in used.items():
        problems += [f"{kind}: {name} is not declared" for name in sorted(names - set(compose[kind]))]
        problems += [f"{kind}: {name} is not used" for name in sorted(set(compose[kind]) - names)]
    for kind in ("configs", "secrets"):
        for name, entry in compose[kind].items():
            if not (DEPLOY / entry["file"]).is_file():
                problems.append(f"{kind}: {name}: no file {entry['file']}")
    return problems


def _unconfined(compose: Compose) -> list[str]:
    """List what a container may do that it need not."""
    problems: list[str] = []
    for name, service in compose["services"].items():
        if service.get("read_only") is not True:
            problems.append(f"{name}: can write to its file system")
        if service.get("cap_drop") != ["ALL"] or "no-new-privileges:true" not in service.get(
            "security_opt", []
        ):
            problems.append(f"{name}: keeps or can gain capabilities")
        if name != "certificates" and {"user", "cap_add"} & set(service):
            problems.append(f"{name}: departs from the user of its image")
    return problems


def _shared_secrets(compose: Compose) -> list[str]:
    """List volumes of secrets that more than one party mounts."""
    mounts: dict[str, list[str]] = {}
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            if name != "certificates":
                mounts.setdefault(volume.split(":")[0], []).append(name)
    return [f"{volume}: {names}" for volume, names in mounts.items() if len(names) > 1]


def test_compose_refers_to_what_is_there():
    """Every volume, network, configuration, secret, file and service that is named exists and is used."""
    assert _broken_references(read_compose()) == []


def test_compose_confines_every_container():
    """Read-only file systems, no capabilities, the image's own user; only the maker of keys departs from it."""
    compose = read_compose()
    assert _unconfined(compose) == []
    maker = compose["services"]["certificates"]
    assert (maker["cap_add"], maker["network_mode"]) == (["CHOWN"], "none")


def test_no_two_parties_share_a_volume():
    """What one party holds, keys or receipts, no other can read."""
    assert _shared_secrets(read_compose()) == []


@pytest.mark.parametrize(
    ("path", "value", "check"),
    [
        (("services", "ada", "volumes"), ["lost:/secrets"], _broken_references),
        (("services", "ada", "depends_on"), {"eve": {"condition": "service_healthy"}}, _broken_references),
        (("services", "ada", "privilegd"), True, _broken_references),
        (("configs", "scenario", "file"), "./compose/absent.toml", _broken_references),
        (("services", "bob", "read_only"), False, _unconfined),
        (("services", "bob", "cap_drop"), [], _unconfined),
        (("services", "bob", "user"), "0:0", _unconfined),
        (("services", "bob", "volumes"), ["ada-secrets:/secrets:ro"], _shared_secrets),
    ],
)
def test_the_checks_of_compose_can_fail(path: tuple[str, ...], value: object, check):
    """Each planted fault is found by its check."""
    compose = copy.deepcopy(read_compose())
    place: Any = compose
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    assert check(compose) != []


def test_whoever_is_waited_for_can_be_healthy():
    """A service that others wait for has a health check, and one that must complete does not restart."""
    services = read_compose()["services"]
    for name, service in services.items():
        for other, need in service.get("depends_on", {}).items():
            if need["condition"] == "service_healthy":
                assert "test" in services[other]["healthcheck"], name
            else:
                assert "restart" not in services[other], name


def test_the_images_are_built_from_their_files():
    """Each service is built from the Dockerfile of its image, with the checkout as context."""
    for service in read_compose()["services"].values():
        assert service["build"]["context"] == ".."
        assert service["build"]["dockerfile"] == f"deploy/{IMAGES[service['image']]}"


def test_the_parties_are_the_scenarios():
    """The bidders of the scenario are those that have certificates, a container, and a private signal in range."""
    scenario = load_scenario(DEPLOY / "compose" / "scenario.toml")
    market = scenario.specification.market
    assert isinstance(market, Market)
    assert tuple(bidder.name for bidder in market.bidders) == BIDDERS
    services = read_compose()["services"]
    made = {word.partition("=")[2] for word in services["certificates"]["command"] if "--bidder=" in word}
    assert made == set(BIDDERS)
    for name in BIDDERS:
        assert f"--name={name}" in services[name]["command"]
        private = json.loads((DEPLOY / "compose" / f"{name}.json").read_text(encoding="utf-8"))
        assert private["signal"] in range(market.signal_levels)


def test_the_opened_scenario_has_no_private_part():
    """The file that the auctioneer's side reads holds no bidder's signal."""
    tables = tomllib.loads((DEPLOY / "compose" / "scenario.toml").read_text(encoding="utf-8"))
    assert [bidder for bidder in tables["bidder"] if "private" in bidder] == []


def test_the_settings_of_compose_name_files_that_are_made():
    """The settings load, and every file below /secrets is one that the maker of keys makes for the auctioneer."""
    settings = load_settings(DEPLOY / "compose" / "auctioneer.toml")
    named = (settings.tls.certificate, settings.tls.key, settings.tls.client_ca)
    token = settings.server.operator_token_file
    assert {path.name for path in (*named, token) if path} == {*PARTY_FILES, "operator.token"}
    assert {str(path.parent) for path in (*named, token) if path} == {"/secrets"}
    assert str(settings.server.state_directory) == "/var/lib/openoutcry"


def test_every_container_finds_its_secrets():
    """Every path below /secrets that a command names is made for the party whose volume is mounted there."""
    for name, service in read_compose()["services"].items():
        volumes = [volume for volume in service.get("volumes", []) if volume.endswith(":/secrets:ro")]
        words = [*service.get("command", []), *service.get("healthcheck", {}).get("test", [])]
        files = {match[1] for word in words if (match := re.search(r"=/secrets/(.+)", word))}
        own = {"message.key"} if name in BIDDERS else {"operator.token"}
        assert files <= PARTY_FILES | own, name
        assert bool(files) == (len(volumes) == 1), name


# --- Dockerfiles --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DOCKERFILES)
def test_images_run_as_a_numbered_user_and_tell_their_health(name: str):
    """The last stage ends as a user that is not root, given as a number, and has a health check."""
    stage = last_stage(name)
    words = [word for word, _ in stage]
    users = [value for word, value in stage if word == "USER"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1])
    assert "RUN" not in words[words.index("USER") :]
    assert words.count("HEALTHCHECK") == 1
    assert {"ENTRYPOINT", "CMD"} <= set(words)


@pytest.mark.parametrize("name", DOCKERFILES)
def test_images_hold_what_the_lock_says(name: str):
    """What is fetched is checked by hash, and what is installed comes from what was fetched."""
    runs = [value for word, value in instructions(name) if word == "RUN"]
    commands = [command for run in runs for command in run.split("&&") if re.search(r"\bpip\b", command)]
    fetching = [command for command in commands if "--no-index" not in command and "uninstall" not in command]
    assert len(fetching) == 1
    assert "--require-hashes --requirement requirements.lock" in fetching[0]
    assert [value.split(" ")[0] for word, value in instructions(name) if word == "FROM"] == [
        "python:3.12-slim"
    ] * 2


@pytest.mark.parametrize("name", DOCKERFILES)
def test_what_images_copy_is_there_and_let_in(name: str):
    """Every source of a COPY exists, and the list of what is sent to the builder has it."""
    allowed = (DEPLOY / f"{name}.dockerignore").read_text(encoding="utf-8").splitlines()
    copied = [value.split() for word, value in instructions(name) if word == "COPY"]
    sources = [source for words in copied if "--from" not in words[0] for source in words[:-1]]
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert [source for source in sources if f"!{source.removeprefix('./')}" not in allowed] == []


# --- systemd ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", UNITS)
def test_units_are_confined(name: str):
    """Each unit gives up what it has no use for."""
    settings = dict(unit(name))
    expected = {
        "CapabilityBoundingSet": "",
        "DynamicUser": "yes",
        "NoNewPrivileges": "yes",
        "PrivateDevices": "yes",
        "PrivateTmp": "yes",
        "ProtectHome": "yes",
        "ProtectSystem": "strict",
        "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
        "SystemCallArchitectures": "native",
        "UMask": "0077",
    }
    assert {key: settings[key] for key in expected} == expected
    assert ("SystemCallFilter", "@system-service") in unit(name)


@pytest.mark.parametrize("name", UNITS)
def test_units_are_given_what_they_use(name: str):
    """Every credential that a unit's command names is loaded, under the name that is made for the party."""
    settings = unit(name)
    command = dict(settings)["ExecStart"]
    loaded = {value.split(":")[0]: value.split(":")[1] for key, value in settings if key == "LoadCredential"}
    assert set(re.findall(r"\$\{CREDENTIALS_DIRECTORY\}/(\S+)", command)) <= set(loaded)
    assert [path for credential, path in loaded.items() if Path(path).name != credential] == []
    readme = (DEPLOY / "README.md").read_text(encoding="utf-8")
    for variable in set(re.findall(r"\$\{(\w+)\}", command)) - {"CREDENTIALS_DIRECTORY", "STATE_DIRECTORY"}:
        assert f"    {variable}=" in readme


def test_a_bidder_is_started_again_only_if_that_helps():
    """Not after a void session or what cannot be used; and being told to stop is no failure."""
    settings = dict(unit(UNITS[1]))
    assert settings["Restart"] == "on-failure"
    assert settings["RestartPreventExitStatus"].split() == [str(FAILED), str(UNUSABLE)]
    assert settings["SuccessExitStatus"] == str(TERMINATED)
    restarts = {read_compose()["services"][name]["restart"] for name in BIDDERS}
    assert restarts == {"on-failure:10"}


def test_the_settings_for_systemd_load_and_name_loaded_credentials(tmp_path: Path):
    """The settings in the README are accepted, and name files that the unit is handed."""
    readme = (DEPLOY / "README.md").read_text(encoding="utf-8")
    block = readme[readme.index("    [server]") : readme.index("A bidder `ada`")]
    path = tmp_path / "auctioneer.toml"
    path.write_text(block, encoding="utf-8")
    settings = load_settings(path)
    loaded = {value.split(":")[0] for key, value in unit(UNITS[0]) if key == "LoadCredential"}
    named = (settings.tls.certificate, settings.tls.key, settings.tls.client_ca)
    assert {path.name for path in (*named, settings.server.operator_token_file) if path} == loaded
    assert f"/var/lib/{dict(unit(UNITS[0]))['StateDirectory']}" == str(settings.server.state_directory)


# --- Commands -----------------------------------------------------------------------------------------------


def _image_commands(name: str) -> Iterator[tuple[str, list[str]]]:
    stage = dict(last_stage(name))
    yield name, [*json.loads(stage["ENTRYPOINT"]), *json.loads(stage["CMD"])]
    yield f"{name} health", health_check(name)


def _commands() -> Iterator[tuple[str, list[str]]]:
    """Give every call of one of the two programs in deploy/, as words, with the place where it stands."""
    for name in DOCKERFILES:
        yield from _image_commands(name)
    for name, service in read_compose()["services"].items():
        if name == "certificates":
            continue
        program = service["image"].removeprefix("openoutcry/")
        yield f"compose {name}", [program, *service["command"]]
        if "test" in service.get("healthcheck", {}):
            yield f"compose {name} health", service["healthcheck"]["test"][1:]
    for name in UNITS:
        words = shlex.split(dict(unit(name))["ExecStart"])
        yield name, [Path(words[0]).name, *words[1:]]
    readme = re.sub(r"\\\n\s*", "", (DEPLOY / "README.md").read_text(encoding="utf-8"))
    for number, line in enumerate(
        re.findall(r"^ {4}((?:auctioneer|bidder-agent) .+)$", readme, re.MULTILINE)
    ):
        yield f"README {number}", shlex.split(line)


@cache
def _help(program: str, command: str) -> str:
    call = [sys.executable, "-m", program.replace("-", "_"), *command.split(), "--help"]
    return subprocess.run(call, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def _unknown_options(words: list[str]) -> set[str]:
    """Give the options of a call that the program's own help does not list; fail if it has no such command."""
    program, command, *rest = words
    text = _help(program, "" if command.startswith("--") else command)
    known = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))
    return {word.partition("=")[0] for word in [command, *rest] if word.startswith("--")} - known


@pytest.mark.parametrize(("where", "words"), [pytest.param(*case, id=case[0]) for case in _commands()])
def test_every_command_is_real(where: str, words: list[str]):
    """Every call of our programs names a command that exists and only options that it has."""
    assert _unknown_options(words) == set()


def test_an_invented_option_would_be_found():
    """The check of commands fails for an option and for a command that do not exist."""
    assert _unknown_options(["auctioneer", "serve", "--confg", "x"]) == {"--confg"}
    with pytest.raises(subprocess.CalledProcessError):
        _unknown_options(["auctioneer", "srve"])
