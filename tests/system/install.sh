#!/usr/bin/env bash
# Installs the Debian packages that the system tests need, when they are missing. Needs root, or sudo.
set -euo pipefail

packages=(postfix sasl2-bin dovecot-imapd chromium fonts-dejavu-core postgresql redis-server)
missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "make test-system needs ${missing[*]}: run it as root, or first: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
# PostgreSQL and Redis may be started by Debian on their usual ports; the tests run theirs on others.
# Without a configuration Debian does not start a mail server of its own: the tests run theirs.
echo "postfix postfix/main_mailer_type select No configuration" | "${as_root[@]}" debconf-set-selections
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
