"""A Dovecot of the test's own: Debian's IMAP server before one Maildir, in a folder of its own."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.acceptance.command_line import until
from tests.system.postfix import HOST, PASSWORD, Postfix

PROGRAM = "/usr/sbin/dovecot"

_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = {host}
ssl = required
ssl_cert = <{certificates}/cert.pem
ssl_key = <{certificates}/key.pem
mail_location = maildir:{maildir}
first_valid_uid = 1
auth_mechanisms = plain
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}
}}
service imap-login {{
  inet_listener imap {{
    port = {starttls_port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
"""


@contextmanager
def running_dovecot(postfix: Postfix, *, tls_port: int, starttls_port: int) -> Iterator[Path]:
    """Serve the mails that came back to Postfix, with its certificate; yields the folder with the log."""
    assert Path(PROGRAM).exists(), f"{PROGRAM} missing: `make test-system` installs Debian's dovecot-imapd"
    owner = (postfix.folder / "boxes").stat()
    with tempfile.TemporaryDirectory(prefix="dovecot-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "conf").write_text(
            _CONFIGURATION.format(
                folder=folder, host=HOST, password=PASSWORD, certificates=postfix.folder, maildir=postfix.returned,
                uid=owner.st_uid, gid=65534, tls_port=tls_port, starttls_port=starttls_port,
            ).lstrip()
        )  # fmt: skip
        server = subprocess.Popen([PROGRAM, "-F", "-c", str(folder / "conf")])
        try:
            until(lambda: (folder / "log").exists() and "starting up" in (folder / "log").read_text("utf-8"), 30)
            yield folder
        finally:
            server.terminate()
            server.wait(30)
