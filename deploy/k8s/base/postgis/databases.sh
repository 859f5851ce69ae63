#!/bin/sh
# Runs once, in an empty data folder: a database and a role each for Dagster, MLflow and the API. The passwords come from
# the secret `postgis`; psql quotes them.
set -eu
for name in dagster mlflow geocrop; do
  password="$(printenv "$(echo "$name" | tr '[:lower:]' '[:upper:]')_PASSWORD")"
  psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres \
    --set=name="$name" --set=password="$password" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
done
psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=geocrop \
  --command='CREATE EXTENSION IF NOT EXISTS postgis' \
  --command='GRANT pg_read_all_stats TO geocrop' # the exporter tells the size of each database
