"""Settings: where they come from, and what is said about wrong ones."""

import re
from pathlib import Path

import pytest

from livesrv.config import TYPES, Config, ConfigError, description, from_json, load, to_json


def toml(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "livesrv.toml"
    path.write_text(text)
    return path


def test_defaults_hold_where_nothing_is_said() -> None:
    assert load(None, {}, {}) == Config()


def test_file_beats_default_environment_beats_file_flag_beats_environment(tmp_path: Path) -> None:
    path = toml(tmp_path, "port = 1\nworkers = 2\ndrain_ms = 3\n")
    environ = {"LIVESRV_PORT": "4", "LIVESRV_WORKERS": "5", "PATH": "/bin"}
    config = load(path, environ, {"port": "6", "host": None})
    assert (config.port, config.workers, config.drain_ms) == (6, 5, 3)
    assert config.host == "127.0.0.1"


def test_maps_and_lists_are_tables_in_the_file_and_json_in_the_environment(tmp_path: Path) -> None:
    path = toml(tmp_path, 'blocked_words = ["spam"]\n[gifts]\nrose = 2\n')
    assert load(path, {}, {}).gifts == {"rose": 2}
    assert load(path, {}, {}).blocked_words == ("spam",)
    assert load(path, {"LIVESRV_GIFTS": '{"boat": 9}'}, {}).gifts == {"boat": 9}


def test_environment_text_is_read_as_the_settings_type() -> None:
    environ = {"LIVESRV_DEMO": "true", "LIVESRV_HISTORY_EVENTS": "10", "LIVESRV_HOST": "10"}
    config = load(None, environ, {})
    assert (config.demo, config.history_events, config.host) == (True, 10, "10")


def test_empty_environment_variable_is_not_set() -> None:
    assert load(None, {"LIVESRV_LEDGER_URL": "", "LIVESRV_PORT": ""}, {}) == Config()


def test_what_the_supervisor_tells_its_children_is_no_setting() -> None:
    assert load(None, {"LIVESRV_READY_FD": "7"}, {}) == Config()


def test_unknown_setting_is_named_with_the_nearest_known_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown setting wrokers; did you mean workers\?"):
        load(toml(tmp_path, "wrokers = 2"), {}, {})
    with pytest.raises(ConfigError, match="LIVESRV_PROT; did you mean LIVESRV_PORT"):
        load(None, {"LIVESRV_PROT": "1"}, {})
    with pytest.raises(ConfigError, match="flags: unknown setting datadir; did you mean data_dir"):
        load(None, {}, {"datadir": "x"})


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"LIVESRV_WORKERS": "65"}, 'LIVESRV_WORKERS: found "65"; expected int <= 64'),
        ({"LIVESRV_PORT": "http"}, 'LIVESRV_PORT: found "http"; expected int, got str'),
        ({"LIVESRV_KEY_WINDOW_H": "71"}, "expected int >= 72"),
        ({"LIVESRV_DEMO": "maybe"}, 'LIVESRV_DEMO: found "maybe"; expected bool'),
        ({"LIVESRV_GIFTS": "rose"}, "LIVESRV_GIFTS: found 'rose', which is not JSON"),
        ({"LIVESRV_GIFTS": '{"rose": 0}'}, 'found {"rose": 0}; expected int >= 1'),
        ({"LIVESRV_GIFTS": '{"a rose": 1}'}, "expected str matching"),
        ({"LIVESRV_BLOCKED_WORDS": '[""]'}, "expected str of length >= 1"),
        ({"LIVESRV_GIFT_CARD_BPS": '{"host": 9999}'}, "sum to 9999 .* must sum to 10000"),
        ({"LIVESRV_ORDER_CARD_BPS": '{"a": 9999, "b": 2}'}, "sum to 10001 .* at most 10000"),
        ({"LIVESRV_ORDER_CARD_BPS": '{"seller": 1}'}, "the seller is named; leave it out"),
        ({"LIVESRV_SLOW_CLOSE_BYTES": "9"}, "found 9; must be at least slow_skip_bytes"),
        (
            {"LIVESRV_TRUSTED_PROXIES": '["10.0.0.1/8"]'},
            "trusted_proxies: 10.0.0.1/8 has host bits set; a network is written 10.1.0.0/16",
        ),
        ({"LIVESRV_TRUSTED_PROXIES": '["lan"]'}, "trusted_proxies: 'lan' does not appear"),
        ({"LIVESRV_FLUSH_WINDOW_MAX_MS": "9"}, "found 9; must be at least flush_window_ms"),
    ],
)
def test_wrong_value_is_an_error_that_says_where_what_and_what_would_be_right(
    environ: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigError, match=re.compile(said.replace("{", r"\{"))):
        load(None, environ, {})


def test_file_is_not_read_leniently(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'livesrv\.toml: port: found "80"; expected int'):
        load(toml(tmp_path, 'port = "80"'), {}, {})


def test_file_that_is_missing_or_not_toml_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*nowhere"):
        load(tmp_path / "nowhere", {}, {})
    with pytest.raises(ConfigError, match=r"livesrv\.toml is not TOML: .*line 1"):
        load(toml(tmp_path, "port 80"), {}, {})


@pytest.mark.parametrize("name", ["jwt_secret", "ledger_url", "bus_url"])
def test_error_does_not_repeat_a_secret(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, {f"LIVESRV_{name.upper()}": "http://u:hush@x"}, {})
    assert "hush" not in str(caught.value)


def test_what_is_written_for_children_reads_back_the_same() -> None:
    config = load(None, {"LIVESRV_BLOCKED_WORDS": '["x"]'}, {"port": 0, "ledger_url": "unix:///s"})
    assert from_json(to_json(config)) == config


def test_damaged_document_for_children_is_an_error() -> None:
    for document in (b"{", b'{"prot": 1}', b'{"port": -1}'):
        with pytest.raises(ConfigError, match="damaged"):
            from_json(document)


def test_every_setting_is_described_with_its_default() -> None:
    assert list(TYPES) == list(Config.__struct_fields__)
    assert all("default: " in description(name) for name in TYPES)
    assert description("workers").endswith("(1 to 64; default: 1)")
