"""A Postfix of the test's own: Debian's programs with a configuration, a queue, users and mailboxes in one folder."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.command_line import until
from tests.system.certificates import write_certificates

PROGRAMS = ("/usr/sbin/postfix", "/usr/sbin/saslpasswd2")
HOST, USER, PASSWORD, SENDER = "127.0.0.1", "dondoc", "not-to-be-told", "nhacviec@konray.example"
_NAME = "mail.konray.example"

# Whoever signs in may send to the offices, but for those that the recipients' table names. STARTTLS is required before
# anything else, and one process serves one connection, so that a changed table holds at once. A mailbox that does not
# exist is found out when the mail was taken already: so it comes back, as from a server far away.
_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file_prefixes = {folder}
maillog_file = {folder}/log
myhostname = {name}
mydestination =
inet_interfaces = {host}
inet_protocols = ipv4
alias_maps =
smtpd_tls_cert_file = {folder}/cert.pem
smtpd_tls_key_file = {folder}/key.pem
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_local_domain = {name}
cyrus_sasl_config_path = {folder}/sasl
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = check_recipient_access texthash:{folder}/recipients
virtual_mailbox_domains = konray.example
virtual_mailbox_base = {folder}/boxes
virtual_mailbox_maps = regexp:{folder}/mailboxes
smtpd_reject_unlisted_recipient = no
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = {uid}
"""
_SERVICES = """
{host}:{port} inet n - n - - smtpd -o max_use=1
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
virtual unix - n n - - virtual
postlog unix-dgram n - n - 1 postlogd
"""
_SASL = """
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {folder}/sasl/users
mech_list: PLAIN LOGIN
"""


#: What is sent to the sender's own address lies apart: that is where mails come back to.
_MAILBOXES = """
/^{sender}$/ returned/
if !/^({gone})$/
/./ all/
endif
"""


@dataclass(frozen=True, kw_only=True)
class Postfix:
    """A running Postfix. `refuse` names recipients with the reply they get, from the next connection on."""

    folder: Path
    port: int

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8")

    def refuse(self, replies: dict[str, str]) -> None:
        (self.folder / "recipients").write_text("".join(f"{one} {reply}\n" for one, reply in replies.items()))

    @property
    def returned(self) -> Path:
        """The mailbox (a Maildir) of the mails that came back."""
        return self.folder / "boxes" / "returned"

    def stored(self) -> list[bytes]:
        """Return the mails that were delivered, with the headers that Postfix put above them."""
        return [path.read_bytes() for path in (self.folder / "boxes" / "all" / "new").glob("*")]

    def empty(self) -> None:
        """Forget the mails that were delivered and what was said about them."""
        until(lambda: not any((self.folder / "queue" / "active").iterdir()))
        for box in ("all", "returned"):
            shutil.rmtree(self.folder / "boxes" / box, ignore_errors=True)
        self.refuse({})


@contextmanager
def running_postfix(port: int, *, gone: tuple[str, ...] = ()) -> Iterator[Postfix]:
    """Run it on the loopback interface, and leave nothing behind; the mailboxes `gone` do not exist."""
    missing = [program for program in PROGRAMS if not Path(program).exists()]
    assert not missing, f"{missing} missing: `make test-system` installs Debian's postfix and sasl2-bin"
    assert os.geteuid() == 0, "Postfix starts as root only: run `make test-system` as root or with sudo"
    # Not in pytest's folder, which Postfix's own user cannot enter.
    with tempfile.TemporaryDirectory(prefix="postfix-", dir="/tmp") as name:
        folder = Path(name)
        _configure(folder, port, gone)
        _postfix(folder, "start")
        try:
            yield Postfix(folder=folder, port=port)
        finally:
            _postfix(folder, "stop")
            until(lambda: not _processes(folder))


def _configure(folder: Path, port: int, gone: tuple[str, ...]) -> None:
    folder.chmod(0o755)
    for part in ("queue", "data", "boxes", "sasl"):
        (folder / part).mkdir()
    shutil.chown(folder / "data", "postfix")
    shutil.chown(folder / "boxes", "postfix")
    owner = (folder / "boxes").stat().st_uid
    values = {"folder": folder, "port": port, "host": HOST, "name": _NAME, "uid": owner, "gid": 65534}
    for path, text in {"main.cf": _MAIN, "master.cf": _SERVICES, "sasl/smtpd.conf": _SASL}.items():
        (folder / path).write_text(text.format(**values).lstrip())
    (folder / "recipients").touch()
    unknown = "|".join(map(re.escape, gone)) or "nobody"
    (folder / "mailboxes").write_text(_MAILBOXES.format(sender=re.escape(SENDER), gone=unknown).lstrip())
    write_certificates(folder)
    users = folder / "sasl" / "users"
    _run("/usr/sbin/saslpasswd2", "-p", "-c", "-f", users, "-u", _NAME, USER, text=PASSWORD)
    shutil.chown(users, "postfix")


def _postfix(folder: Path, command: str) -> None:
    _run("/usr/sbin/postfix", "-c", folder, command)


def _run(*argv: object, text: str = "") -> None:
    done = subprocess.run([*map(str, argv)], input=text, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{argv} ended with {done.returncode}: {done.stdout}{done.stderr}"


def _processes(folder: Path) -> list[int]:
    """Return the processes that run in the queue's folder: Postfix's daemons all do."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            inside = entry.name.isdigit() and (entry / "cwd").readlink().is_relative_to(folder)
        except OSError:  # just gone
            continue
        found += [int(entry.name)] if inside else []
    return found
