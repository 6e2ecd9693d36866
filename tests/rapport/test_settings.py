"""Settings: read, validated with the nearest name, changed without losing comments."""

import pytest

from rapport.errors import SettingsError
from rapport.settings import Settings, change_setting, explain, load_settings, parse_settings
from rapport.settings_kinds import networks


def test_a_missing_file_means_the_defaults(home):
    assert load_settings(home) == Settings()


def test_every_setting_says_what_it_does():
    for row in explain(Settings()):
        assert len(row.help) > 15, row.name
        assert row.help.endswith("."), row.name


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"sever": {"port": 1}}, "Did you mean 'server'"),
        ({"server": {"prot": 1}}, "Did you mean 'port'"),
        ({"server": {"port": 70_000}}, "from 0 to 65535"),
        ({"server": {"port": "80"}}, "is not a whole number"),
        ({"server": {"port": True}}, "is not a whole number"),
        ({"server": 5}, "must be a section"),
        ({"encoder": {"dtype": "float8"}}, "auto, float32, bfloat16"),
        ({"server": {"trusted_proxies": "10.0.0.1, nginx"}}, "'nginx' does not appear to be"),
        ({"server": {"trusted_proxies": "0.0.0.0/0"}}, "is everybody"),
        ({"server": {"metrics": "all"}}, "local, staff, public"),
    ],
)
def test_a_wrong_value_says_what_is_right(table, said):
    with pytest.raises(SettingsError, match=said):
        parse_settings(table)


def test_networks_are_read_from_addresses_and_prefixes():
    assert networks("") == networks(" , ") == []
    assert networks("10.0.0.5, 192.168.7.9/16,fd00::/8") == ["10.0.0.5/32", "192.168.0.0/16", "fd00::/8"]


def test_a_whole_number_is_taken_where_a_fraction_is_meant():
    assert parse_settings({"retrieval": {"answerable": 1}}).retrieval.answerable == 1.0


def test_a_changed_setting_keeps_the_comments_of_the_file(home):
    home.settings_file.write_text("# ours\n[server]\nport = 9000 # the proxy's\n")
    settings = change_setting(home, "company.name", "Bergfink")
    assert (settings.server.port, settings.company.name) == (9000, "Bergfink")
    assert home.settings_file.read_text().startswith("# ours\n[server]\nport = 9000 # the proxy's\n")
    assert load_settings(home) == settings


def test_a_refused_change_leaves_the_file_as_it_was(home):
    change_setting(home, "server.port", "9000")
    before = home.settings_file.read_text()
    for name, value in (("server.port", "99999"), ("server.port", "many"), ("server.prt", "1"), ("nothing.x", "1")):
        with pytest.raises(SettingsError):
            change_setting(home, name, value)
    assert home.settings_file.read_text() == before


def test_the_file_of_secrets_is_for_its_owner_alone(home):
    change_setting(home, "verify.secret", "x" * 40)
    assert home.settings_file.stat().st_mode & 0o077 == 0


def test_a_file_that_is_not_toml_says_where(home):
    home.settings_file.write_text("[server\nport=1")
    with pytest.raises(SettingsError, match="line 1"):
        load_settings(home)


def test_the_environment_names_the_database(home, monkeypatch):
    assert Settings().database_url(home) == f"sqlite:///{home.database_file}"
    monkeypatch.setenv("RAPPORT_DATABASE_URL", "postgresql+psycopg://x/y")
    assert Settings().database_url(home) == "postgresql+psycopg://x/y"
