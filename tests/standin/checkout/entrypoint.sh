#!/bin/bash
# Prepares each start of `web`, and of no other service, as BookWyrm's does.
say() { echo "[$(date --iso-8601=seconds)] $*" >&2; }
give_up() {
    echo "$*" >&2
    exit 1
}
trap exit TERM
if [ "$1" = gunicorn ]; then
    say "migrations"
    python manage.py migrate --no-input || give_up "failed to migrate"
    python manage.py fill_once || give_up "failed to initialize database"
    say "static assets"
    python manage.py compile_themes || give_up "failed to compile themes"
    python manage.py collectstatic --no-input || give_up "failed to collect static"
    say "static assets collected"
fi
exec "$@"
