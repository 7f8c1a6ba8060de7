"""Settings are read from the environment; what is wrong is named by its variable, and secrets are never shown."""

import os

import pytest

from settings import Settings, SettingsError


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):

    for name in [name for name in os.environ if name.startswith("DONDOC_")]:
        monkeypatch.delenv(name)


def test_without_any_setting_the_database_is_a_file_in_the_home_folder():
    assert Settings.read().database == "sqlite:///.dondoc/dondoc.db"


def test_a_home_folder_holds_the_database_unless_an_address_is_given(monkeypatch):
    monkeypatch.setenv("DONDOC_HOME", "/srv/dondoc")
    assert Settings.read().database == "sqlite:////srv/dondoc/dondoc.db"
    monkeypatch.setenv("DONDOC_DATABASE_URL", "postgresql://db/dondoc")
    assert Settings.read().database == "postgresql://db/dondoc"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DONDOC_SMTP_PORT", "0"),
        ("DONDOC_SMTP_PORT", "mail"),
        ("DONDOC_SMTP_SECURITY", "ssl"),
        ("DONDOC_SMTP_TIMEOUT", "0"),
        ("DONDOC_IMAP_PORT", "imap"),
        ("DONDOC_IMAP_SECURITY", "ssl"),
        ("DONDOC_IMAP_FOLDER", 'INBOX"\r\nA1 DELETE "INBOX'),
        ("DONDOC_IMAP_FOLDER", "Thư trả lại"),
        ("DONDOC_TRIAL", "perhaps"),
        ("DONDOC_PREFECT_PORT", "70000"),
        ("DONDOC_MAIL_FROM", "a@konray.example\nBcc: b@konray.example"),
        ("DONDOC_MAIL_REPLY_TO", "a@konray.example\r"),
    ],
)
def test_a_wrong_setting_is_named_by_its_variable(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{name}: "):
        Settings.read()


def test_what_is_wrong_is_said_in_our_words_alone(monkeypatch):
    monkeypatch.setenv("DONDOC_PUBLIC_URL", "dondoc.konray.example")
    with pytest.raises(SettingsError, match=r"^DONDOC_PUBLIC_URL: must be like https://"):
        Settings.read()


def test_all_wrong_settings_are_named_at_once_and_no_secret_among_them(monkeypatch):
    monkeypatch.setenv("DONDOC_SMTP_PORT", "0")
    monkeypatch.setenv("DONDOC_TRIAL", "perhaps")
    monkeypatch.setenv("DONDOC_SMTP_PASSWORD", "mật khẩu")
    with pytest.raises(SettingsError) as refused:
        Settings.read()
    assert [line.split(":")[0] for line in str(refused.value).splitlines()] == ["DONDOC_TRIAL", "DONDOC_SMTP_PORT"]
    assert "mật khẩu" not in str(refused.value)


def test_a_password_is_not_shown(monkeypatch):
    monkeypatch.setenv("DONDOC_SMTP_PASSWORD", "mật khẩu")
    assert "mật khẩu" not in repr(Settings.read())


def test_a_variable_of_another_program_is_none_of_ours(monkeypatch):
    monkeypatch.setenv("DONDOC_SOMETHING_ELSE", "1")
    Settings.read()


def test_a_variable_that_nobody_reads_can_be_asked_for(monkeypatch):
    monkeypatch.setenv("DONDOC_SMTP_HOST", "mail.konray.example")
    monkeypatch.setenv("DONDOC_SECRETS_DIR", "secrets")
    monkeypatch.setenv("DONDOC_SMPT_PORT", "25")
    assert Settings.unknown() == ["DONDOC_SMPT_PORT"]


def test_a_secret_can_stand_in_a_file_named_like_its_variable(monkeypatch, tmp_path):
    (tmp_path / "dondoc_smtp_password").write_text("mật khẩu\n")
    monkeypatch.setenv("DONDOC_SECRETS_DIR", str(tmp_path))
    found = Settings.read()
    assert found.smtp_password.get_secret_value() == "mật khẩu"
    assert found.as_absolute()["DONDOC_SECRETS_DIR"] == str(tmp_path)  # flow runs read the file themselves
    assert "mật khẩu" not in repr(found)
    assert "mật khẩu" not in found.as_absolute().values()


def test_a_variable_counts_before_a_file(monkeypatch, tmp_path):
    """The trial mailbox must not be given the real server's password."""
    (tmp_path / "dondoc_smtp_password").write_text("mật khẩu")
    monkeypatch.setenv("DONDOC_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("DONDOC_SMTP_PASSWORD", "")
    assert Settings.read().smtp_password.get_secret_value() == ""


def test_a_folder_of_secrets_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("DONDOC_SECRETS_DIR", str(tmp_path / "missing"))
    with pytest.raises(SettingsError, match=r"^DONDOC_SECRETS_DIR: there is no folder .*missing"):
        Settings.read()


def test_a_file_of_secrets_that_cannot_be_read_is_refused_without_its_words(monkeypatch, tmp_path):
    (tmp_path / "dondoc_smtp_password").write_bytes(b"hidden \xff")
    monkeypatch.setenv("DONDOC_SECRETS_DIR", str(tmp_path))
    with pytest.raises(SettingsError, match=r"^DONDOC_SECRETS_DIR: ") as refused:
        Settings.read()
    assert "hidden" not in str(refused.value)
