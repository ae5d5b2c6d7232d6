#!/bin/sh
# Prepares a project for compose.yml: its secrets and its settings, made once and never overwritten.
#
#   ./init.sh                     for http://localhost:4710: secrets/, .env for Compose, settings for the server
#   ./init.sh -d app.example.com  the same behind Caddy, with TLS for that name
#   ./init.sh -p shop             a second project: secrets-shop/, shop.env and settings-shop, a port and a subnet of its own
set -eu
umask 077

usage() {
  echo "Usage: $0 [-p project] [-d domain]" >&2
  exit 2
}

project=landfall
domain=
while getopts p:d: option; do
  case $option in
    p) project=$OPTARG ;;
    d) domain=$OPTARG ;;
    *) usage ;;
  esac
done
shift $((OPTIND - 1))
[ $# -eq 0 ] || usage
case $project in
  '' | [!a-z0-9]* | *[!a-z0-9_-]*) echo "A project's name is lower-case letters, digits, - and _: $project" >&2 && exit 2 ;;
esac
case $domain in
  *[!A-Za-z0-9.-]*) echo "A domain is a name such as app.example.com: $domain" >&2 && exit 2 ;;
esac

cd "$(dirname "$0")"
if [ "$project" = landfall ]; then
  compose=.env settings=settings secrets=secrets
else
  compose=$project.env settings=settings-$project secrets=secrets-$project
fi

random() { od -An -v -N32 -tx1 /dev/urandom | tr -d ' \n'; }

# Complete under another name first: a full disk leaves no half secret behind.
keep() { # name, text
  if [ -s "$secrets/$1" ]; then return; fi
  printf '%s\n' "$2" >"$secrets/$1.new"
  # Compose mounts the file as it is, and each container reads it as a user of its own. The folder is what keeps everybody
  # else on this machine out.
  chmod 0444 "$secrets/$1.new"
  mv "$secrets/$1.new" "$secrets/$1"
  echo "made $secrets/$1"
}

mkdir -p "$secrets"
chmod 0700 "$secrets"
keep master_key "$(random)"
keep postgres_password "$(random)"
keep landfall_password "$(random)"
keep database_url "postgres://landfall:$(cat "$secrets/landfall_password")@postgres:5432/landfall"

if [ -e "$settings" ]; then
  echo "kept $settings"
else
  echo "# Settings of the server, one NAME=value a line, such as LANDFALL_LOG_LEVEL=warn. All of them: docs/config.md" >"$settings"
  echo "made $settings"
fi

if [ -e "$compose" ]; then
  echo "kept $compose: edit it to change what is in it"
else
  # The greatest that any project has; ports and subnets apart, since either may have been edited.
  greatest() { sed -n "s/^$1//p" .env ./*.env 2>/dev/null | sort -n | tail -n 1; }
  port=$(($(greatest LANDFALL_PORT= | grep . || echo 4709) + 1))
  subnet=$(($(greatest LANDFALL_NET=10\\.47\\. | grep . || echo 9) + 1))
  if [ "$subnet" -gt 255 ]; then echo "Every subnet of 10.47.0.0/16 has its project: name another one in $compose" >&2 && exit 1; fi
  {
    echo "COMPOSE_PROJECT_NAME=$project"
    echo "COMPOSE_PROFILES=${domain:+tls}"
    echo "LANDFALL_DOMAIN=$domain"
    if [ -n "$domain" ]; then echo "LANDFALL_PUBLIC_URL=https://$domain"; else echo "LANDFALL_PUBLIC_URL=http://localhost:$port"; fi
    echo "LANDFALL_PORT=$port"
    echo "LANDFALL_PORT_B=$((port + 1000))"
    echo "LANDFALL_NET=10.47.$subnet"
    echo "LANDFALL_TRUSTED_PROXIES=10.47.$subnet.2"
    echo "LANDFALL_SECRETS=./$secrets"
    echo "LANDFALL_SETTINGS=./$settings"
  } >"$compose.new"
  mv "$compose.new" "$compose"
  echo "made $compose"
fi
echo "Keep a copy of $secrets/master_key somewhere else: without it a backup's stored secrets cannot be read."
