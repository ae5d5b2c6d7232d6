#!/bin/sh
# Runs once, on the first start of the Postgres container: the database of the server and its plain role. The superuser's
# password stays with this container; the server never learns it. CREATEDB is for the rehearsed restore of a backup, which
# makes a database and drops it; without it the rehearsal runs in the server's own memory.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$(cat /run/secrets/landfall_password)" -U "$POSTGRES_USER" -d postgres <<'SQL'
CREATE ROLE landfall LOGIN CREATEDB PASSWORD :'password';
CREATE DATABASE landfall OWNER landfall;
SQL
