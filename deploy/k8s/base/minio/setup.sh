#!/bin/sh
# Buckets, users with their rights, and what is deleted by age; may run again at any time. The image of mc has a shell and
# coreutils: no grep, no sed.
#
# Notifications: none. Sensors list the buckets and go by content (docs/architecture.md); a lost notification would be a
# lost batch, and a second way to learn of an upload. Old maps are not the lifecycle's: which files a map still names only
# the platform's housekeeping knows.
set -eu
export MC_CONFIG_DIR=/tmp/mc
folder="${0%/*}"

until mc alias set store http://minio:9000 "$MINIO_ROOT_USER" "$MINIO_ROOT_PASSWORD" >/dev/null; do
  echo "waiting for MinIO"
  sleep 3
done

for bucket in geocrop-datasets geocrop-features geocrop-models geocrop-baselines geocrop-results geocrop-logs geocrop-mlflow; do
  mc mb --ignore-existing "store/$bucket"
  mc anonymous set none "store/$bucket"
done
mc ilm rule import store/geocrop-logs <"$folder/lifecycle-logs.json"
# MinIO takes no lifecycle of unfinished uploads (minio/minio#15681); it deletes them itself. As long as housekeeping does.
mc admin config set store api stale_uploads_expiry=24h

add_user() {  # name of the policy, key, secret
  mc admin policy create store "$1" "$folder/$1.json"
  mc admin user add store "$2" "$3"                      # one that is there gets this secret, and keeps its rights
  mc admin policy attach store "$1" --user "$2" || true  # fails where it is attached already ...
  info="$(mc admin user info store "$2")"                # ... so look at what came of it
  policies="${info#*PolicyName: }"
  policies="${policies%%
*}"
  case ",$policies," in
    *",$1,"*) ;;
    *) echo "the user $2 has not got the policy $1" >&2; exit 1 ;;
  esac
}
add_user geocrop "$GEOCROP_KEY" "$GEOCROP_SECRET"
add_user mlflow "$MLFLOW_KEY" "$MLFLOW_SECRET"
add_user notebook "$NOTEBOOK_KEY" "$NOTEBOOK_SECRET"
echo "buckets, users and lifecycles are there"
