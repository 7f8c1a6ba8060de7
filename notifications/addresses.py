"""Which addresses can be written to? One plain mailbox each; everything else is refused before it reaches a header."""

import re

from rules.errors import DondocError

#: Printable ASCII only: no SMTPUTF8, no list of addresses, nothing that could end a header or a command.
_ADDRESS = re.compile(r"[!#-'*+\-./0-9=?A-Z^_`a-z{|}~]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


class HeaderRefusedError(DondocError):
    """An address, a key or a Message-ID holds characters that a mail header must not have."""


def is_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text) is not None


def checked_address(text: str) -> str:
    if not is_address(text):
        raise HeaderRefusedError(f"not a valid mail address: {text!r}")
    return text
