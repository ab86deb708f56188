#!/bin/sh
# Runs while the image is built: keeps what Node compiles of the launcher and, since that loads it
# with the flags that it will run with, of the main process; a start then strips and compiles
# nothing. Node looks for it under its own user's number and only reads it here: the files are
# root's, or whoever broke into the desk could leave code for the next start. A processor of another
# make takes nothing of it and starts as slowly as without.
set -eu

HERE=$(dirname "$0")
mkdir -p "$NODE_COMPILE_CACHE"
node "$HERE/launch.ts" --compile-only
for made in "$NODE_COMPILE_CACHE"/*-"$(id -u)"; do
  cp -R "$made" "${made%-*}-$MAIN_UID"
done
chmod -R a+rX,go-w "$NODE_COMPILE_CACHE"
