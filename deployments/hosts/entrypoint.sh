# Prefect reads no secret from a file: those named like its variables become variables, of this program alone.
set -eu
for file in /run/secrets/PREFECT_*; do
    [ ! -f "$file" ] || export "${file##*/}=$(cat "$file")"
done
exec "$@"
