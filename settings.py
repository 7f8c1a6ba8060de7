"""What an administrator sets, all from environment variables with the prefix DONDOC_; read at the edges only.

A secret can stand in a file instead: each file of the folder DONDOC_SECRETS_DIR is named like its variable.
"""

import os
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError as UnreadableError

from rules.errors import DondocError


class SettingsError(DondocError):
    """A setting is wrong."""


class Settings(BaseSettings):
    """Every field is one variable: `database_url` is DONDOC_DATABASE_URL. Secrets are never shown."""

    model_config = SettingsConfigDict(env_prefix="DONDOC_", extra="ignore")

    secrets_dir: Path | None = None
    home: Path = Path(".dondoc")
    database_url: str = ""
    calendar_file: Path | None = None

    trial: bool = False

    smtp_host: str = ""
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_ca_file: str = ""
    smtp_timeout: Annotated[float, Field(gt=0, le=600)] = 30
    smtp_connections: Annotated[int, Field(ge=1, le=20)] = 4

    imap_host: str = ""
    imap_port: Annotated[int, Field(ge=1, le=65535)] = 993
    imap_security: Literal["starttls", "tls", "none"] = "tls"
    imap_user: str = ""
    imap_password: SecretStr = SecretStr("")
    imap_folder: Annotated[str, Field(pattern=r"^[ -!#-\[\]-~]+$")] = "INBOX"
    imap_ca_file: str = ""

    mail_from: str = ""
    mail_reply_to: str = ""
    mail_contact_title: str = ""
    mail_contact_phone: str = ""

    public_url: str = ""
    portal_port: Annotated[int, Field(ge=1, le=65535)] = 8080
    files: Path | None = None

    prefect_port: Annotated[int, Field(ge=1, le=65535)] = 4200
    mailbox_smtp_port: Annotated[int, Field(ge=0, le=65535)] = 2525
    mailbox_http_port: Annotated[int, Field(ge=0, le=65535)] = 8025

    @field_validator("mail_from", "mail_reply_to")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if any(character in value for character in "\r\n"):
            raise ValueError("must stand on one line")
        return value

    @field_validator("public_url")
    @classmethod
    def _origin(cls, value: str) -> str:
        """The scheme, host and port under which units reach the pages; nothing after them."""
        parts = urlsplit(value)
        if value and (
            parts.scheme not in ("http", "https") or not parts.hostname or value != f"{parts.scheme}://{parts.netloc}"
        ):
            raise ValueError("must be like https://dondoc.konray.example, without a path or a final slash")
        return value

    @property
    def files_folder(self) -> Path:
        """Where what units attach is kept: outside everything that is served."""
        return self.files or self.home / "files"

    @property
    def database(self) -> str:
        """The database address; by default a SQLite file in the home folder."""
        return self.database_url or f"sqlite:///{self.home / 'dondoc.db'}"

    def as_absolute(self) -> dict[str, str]:
        """Return the settings that name files, from the root: a flow run starts in a folder of its own."""
        found = {"DONDOC_HOME": str(self.home.absolute()), "DONDOC_DATABASE_URL": self.database}
        prefix = "sqlite:///"
        if self.database.startswith(prefix):
            found["DONDOC_DATABASE_URL"] = prefix + str(Path(self.database.removeprefix(prefix)).absolute())
        found["DONDOC_FILES"] = str(self.files_folder.absolute())
        if self.secrets_dir:
            found["DONDOC_SECRETS_DIR"] = str(self.secrets_dir.absolute())
        if self.calendar_file:
            found["DONDOC_CALENDAR_FILE"] = str(self.calendar_file.absolute())
        return found

    @classmethod
    def variables(cls) -> list[str]:
        """Return the name of every variable that is read."""
        return ["DONDOC_SECRETS_DIR", *(f"DONDOC_{name.upper()}" for name in cls.model_fields)]

    @classmethod
    def unknown(cls) -> list[str]:
        """Return the variables that are set and that nobody reads: misspelt, as a rule."""
        return sorted(name for name in os.environ if name.startswith("DONDOC_") and name not in cls.variables())

    @classmethod
    def read(cls) -> Self:
        """Read the environment and the files of secrets; what is wrong is named by its variable."""
        folder = os.environ.get("DONDOC_SECRETS_DIR") or None
        if folder and not Path(folder).is_dir():
            raise SettingsError(f"DONDOC_SECRETS_DIR: there is no folder {folder}; make it, or leave the variable out")
        try:
            return cls(_secrets_dir=folder)
        except ValidationError as error:
            said = ((str(e["loc"][0]).upper(), e["msg"].removeprefix("Value error, ")) for e in error.errors())
            lines = [f"DONDOC_{name}: {what}" for name, what in said]
            raise SettingsError("\n".join(lines)) from None
        except (OSError, UnreadableError):
            raise SettingsError(
                f"DONDOC_SECRETS_DIR: a file in {folder} cannot be read; it must be text, and this user's to read"
            ) from None
