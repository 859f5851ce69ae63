#!/bin/sh
# The root is read-only, and numba refuses a cache that it cannot write: the image's kernels go where it can.
set -eu
if [ -d /opt/geocrop/kernels ] && [ ! -e "$NUMBA_CACHE_DIR" ]; then
  cp -R /opt/geocrop/kernels "$NUMBA_CACHE_DIR"
fi
exec tini -g -- "$@"
