"""Settings: defaults, ranges, refusals in one line, and the example that must tell the truth about them."""

import dataclasses
import re
import tomllib
from pathlib import Path

import pytest

from auctioneer.settings import Settings, is_loopback, load_settings, split_address
from openoutcry.errors import ConfigurationError

EXAMPLE = Path(__file__).parents[3] / "deploy" / "auctioneer.toml"


def _write(directory: Path, text: str) -> Path:
    path = directory / "auctioneer.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _refusal(directory: Path, text: str) -> str:
    """Load settings that must be refused, and give the reason without the name of the file."""
    path = _write(directory, text)
    with pytest.raises(ConfigurationError) as caught:
        load_settings(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def test_no_file_means_all_defaults():
    """Without a file and overrides every setting has its default."""
    assert load_settings(None) == Settings()


def test_a_file_sets_what_it_names(tmp_path: Path):
    """Named settings are taken, paths relative to the file; all others keep their defaults."""
    path = _write(
        tmp_path,
        """
        [server]
        listen = "[::1]:7440"
        state_directory = "state"
        [tls]
        certificate = "/etc/server.crt"
        key = "server.key"
        client_ca = "ca.crt"
        require_client_certificate = true
        [metrics]
        address = "127.0.0.1:9440"
        [log]
        level = "debug"
        [limits]
        sessions = 3
        """,
    )
    settings = load_settings(path)
    assert settings.server.listen == "[::1]:7440"
    assert settings.server.state_directory == tmp_path / "state"
    assert settings.tls.certificate == Path("/etc/server.crt")
    assert settings.tls.key == tmp_path / "server.key"
    assert settings.tls.require_client_certificate is True
    assert settings.metrics.address == "127.0.0.1:9440"
    assert (settings.log.format, settings.log.level) == ("json", "debug")
    assert (settings.limits.sessions, settings.limits.rpcs) == (3, 4096)


def test_the_command_line_has_the_last_word(tmp_path: Path):
    """An override wins over the file and is relative to the working directory."""
    path = _write(tmp_path, '[server]\nlisten = "127.0.0.1:1"\nstate_directory = "a"\n')
    settings = load_settings(path, {"server.listen": "127.0.0.1:2", "server.state_directory": "b"})
    assert settings.server.listen == "127.0.0.1:2"
    assert settings.server.state_directory == Path("b")


def test_overrides_are_checked():
    """A wrong override is refused like a wrong line of the file, without a file's name."""
    with pytest.raises(ConfigurationError, match=r'^server\.listen: "nowhere" is no address'):
        load_settings(None, {"server.listen": "nowhere"})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[sever]\n", 'sever: is no table of settings: did you mean "server"?'),
        (
            "[xyz]\n",
            "xyz: is no table of settings: known are server, tls, metrics, log, limits",
        ),
        ("server = 1\n", "server: must be a table: write [server] on a line of its own"),
        ("[server]\nlisten_on = 1\n", 'server.listen_on: is no setting: did you mean "listen"?'),
        ("[server]\nlisten = 7440\n", "server.listen: must be a text in quotes"),
        (
            '[server]\nlisten = "7440"\n',
            'server.listen: "7440" is no address: write host:port, such as 127.0.0.1:7440',
        ),
        ("[limits]\nsessions = 0\n", "limits.sessions: 0 is outside 1 to 100000"),
        ("[limits]\nsessions = 1e3\n", "limits.sessions: must be a whole number, 1 to 100000"),
        ("[limits]\nsessions = true\n", "limits.sessions: must be a whole number, 1 to 100000"),
        (
            "[tls]\nrequire_client_certificate = 1\n",
            "tls.require_client_certificate: must be true or false",
        ),
        ('[log]\nlevel = "loud"\n', 'log.level: "loud" is none of debug, info, warning, error'),
        (
            '[tls]\ncertificate = "a"\n',
            "tls.key: is missing, but tls.certificate is set: set both or neither",
        ),
        (
            '[tls]\nkey = "a"\n',
            "tls.certificate: is missing, but tls.key is set: set both or neither",
        ),
        (
            '[tls]\nclient_ca = "a"\n',
            "tls.client_ca: means nothing without tls.certificate and tls.key: set them",
        ),
        (
            "[tls]\nrequire_client_certificate = true\n",
            "tls.require_client_certificate: needs tls.client_ca to check them: set it",
        ),
        (
            '[server]\nlisten = "0.0.0.0:1"\noperator_token_file = "token"\n',
            "server.operator_token_file: the token would cross the network in clear:"
            " set tls.certificate and tls.key, or listen on 127.0.0.1",
        ),
    ],
)
def test_what_is_wrong_is_refused_in_one_line(tmp_path: Path, text: str, reason: str):
    """Each wrong file is refused with its name, the key, what is wrong and what to do."""
    assert _refusal(tmp_path, text) == reason


def test_bad_toml_is_refused_with_its_line(tmp_path: Path):
    """A file that is not TOML is refused with the place."""
    assert "(at line 2, column" in _refusal(tmp_path, "[server]\nlisten 7440\n")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path):
    """A file that is not UTF-8, or no file at all, is refused by name."""
    path = tmp_path / "auctioneer.toml"
    path.write_bytes(b'[server]\nlisten = "\xff"\n')
    with pytest.raises(ConfigurationError, match="is not UTF-8"):
        load_settings(path)
    with pytest.raises(ConfigurationError, match="Is a directory"):
        load_settings(tmp_path)
    with pytest.raises(ConfigurationError, match="No such file"):
        load_settings(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("address", "parts"),
    [("localhost:0", ("localhost", 0)), ("[::1]:65535", ("::1", 65535)), ("0.0.0.0:80", ("0.0.0.0", 80))],
)
def test_addresses_are_split(address: str, parts: tuple[str, int]):
    """Host and port come apart, brackets fall away."""
    assert split_address(address) == parts


@pytest.mark.parametrize("address", ["", "host", ":80", "host:", "::1:80", "host:65536", "host:-1", "host:x"])
def test_other_forms_are_no_addresses(address: str):
    """Whatever is not host:port is refused."""
    with pytest.raises(ConfigurationError, match="is no address"):
        split_address(address)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1:1", True),
        ("127.9.9.9:1", True),
        ("[::1]:1", True),
        ("localhost:1", True),
        ("0.0.0.0:1", False),
        ("10.0.0.1:1", False),
        ("example.org:1", False),
    ],
)
def test_loopback_is_recognised(address: str, expected: bool):
    """Only addresses of this machine alone are loopback."""
    assert is_loopback(address) is expected


def test_the_example_loads_as_it_is():
    """The example file changes nothing by itself."""
    assert load_settings(EXAMPLE) == Settings()


def test_the_example_names_every_setting_with_its_true_default(tmp_path: Path):
    """With every setting uncommented the example has all settings there are, each at its default."""
    text = re.sub(r"^#(?=\w+ = )", "", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    tables = tomllib.loads(text)
    settings = Settings()
    expected = {
        table.name: [setting.name for setting in dataclasses.fields(getattr(settings, table.name))]
        for table in dataclasses.fields(settings)
    }
    assert {name: list(table) for name, table in tables.items()} == expected
    assert load_settings(_write(tmp_path, text)) == settings


def test_the_example_tells_the_true_ranges():
    """Every whole number is explained with the range that is enforced."""
    for name in (field.name for field in dataclasses.fields(Settings().limits)):
        with pytest.raises(ConfigurationError) as caught:
            load_settings(None, {f"limits.{name}": -1})
        bounds = re.search(r"(\d+ to \d+)$", str(caught.value))
        assert bounds is not None
        explained = EXAMPLE.read_text(encoding="utf-8").split(f"#{name} = ")[0].rsplit("\n\n", 1)[1]
        assert bounds.group(1) in explained
