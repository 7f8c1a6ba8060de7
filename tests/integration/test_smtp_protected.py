import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from notifications.mailer import SmtpMailer
from notifications.smtp import MailServer, MailServerFaultyError, OutcomeKind, Security
from tests.integration.mail_office import Office, listening, sent

PASSWORD = "not-to-be-told"


def authenticator(server, session, envelope, mechanism, data):  # noqa: ARG001
    ok = isinstance(data, LoginPassword) and data.password.decode() == PASSWORD
    return AuthResult(success=ok, handled=ok)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A self-made certificate for 127.0.0.1, as a small office has one: (certificate file, key file)."""
    folder = tmp_path_factory.mktemp("certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(folder / "cert.pem"), str(folder / "key.pem")


@pytest.fixture
def server_tls(certificate):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    return context


@asynccontextmanager
async def protected(office: Office, security: Security, context: ssl.SSLContext) -> AsyncIterator[MailServer]:
    options = {"tls": context} if security is Security.TLS else {"tls_context": context, "require_starttls": True}
    async with listening(office, **options) as server:
        yield replace(server, security=security)


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
async def test_a_certificate_that_is_trusted_protects_the_mail(security, certificate, server_tls):
    office = Office()
    async with (
        protected(office, security, server_tls) as server,
        SmtpMailer(replace(server, ca_file=certificate[0])) as mailer,
    ):
        assert (await sent(mailer)).kind is OutcomeKind.ACCEPTED
    assert len(office.taken) == 1


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
async def test_a_certificate_that_nobody_vouches_for_stops_the_queue(security, server_tls):
    office = Office()
    async with protected(office, security, server_tls) as server, SmtpMailer(server) as mailer:
        outcome = await sent(mailer)
    assert outcome.kind is OutcomeKind.DOWN
    assert "certificate verify failed" in outcome.detail
    assert not office.taken


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
async def test_a_certificate_for_another_name_stops_the_queue(security, certificate, server_tls):
    office = Office()
    async with (
        protected(office, security, server_tls) as server,
        SmtpMailer(replace(server, host="localhost", ca_file=certificate[0])) as mailer,
    ):
        outcome = await sent(mailer)
    assert (outcome.kind, office.taken) == (OutcomeKind.DOWN, [])
    assert "certificate is not valid for 'localhost'" in outcome.detail


async def test_a_server_without_starttls_gets_no_mail_in_the_clear():
    office = Office()
    async with listening(office) as server, SmtpMailer(replace(server, security=Security.STARTTLS)) as mailer:
        outcome = await sent(mailer)
    assert (outcome.kind, office.taken) == (OutcomeKind.DOWN, [])
    assert "STARTTLS" in outcome.detail


@pytest.mark.parametrize(("password", "kind"), [(PASSWORD, OutcomeKind.ACCEPTED), ("wrong-word", OutcomeKind.DOWN)])
async def test_signing_in_works_or_stops_the_queue_without_telling_secrets(
    password, kind, certificate, server_tls, caplog
):
    caplog.set_level(logging.DEBUG, logger="notifications")
    office = Office()
    options = {"authenticator": authenticator, "auth_required": True, "tls_context": server_tls}
    async with listening(office, **options) as plain:
        server = replace(
            plain, security=Security.STARTTLS, username="nhacviec", password=password, ca_file=certificate[0]
        )
        async with SmtpMailer(server) as mailer:
            outcome = await sent(mailer)
    assert outcome.kind is kind
    for secret in (password, "nhacviec"):
        assert secret not in outcome.detail
        assert secret not in caplog.text
    assert password not in repr(server)
    assert kind is OutcomeKind.ACCEPTED or (outcome.code, len(office.taken)) == (535, 0)


def test_a_password_is_never_sent_unprotected_to_another_machine():
    with pytest.raises(MailServerFaultyError, match=r"mail\.example would travel unprotected"):
        MailServer(host="mail.example", port=25, security=Security.NONE, username="a", password=PASSWORD)


def test_a_certificate_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(MailServerFaultyError, match=r"absent\.pem cannot be read"):
        SmtpMailer(MailServer(host="localhost", port=25, ca_file=str(tmp_path / "absent.pem")))
