#!/usr/bin/env bash
# Builds calls.wasm from calls.c and calls.wit. Needs clang and wasm-ld (Debian: clang lld), and Node with `npm install` done in this folder: jco
# holds the `component embed` and `component new` of wasm-tools. The result is committed, so only someone who changes the guest needs this.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT

clang --target=wasm32 -std=c11 -Wall -Wextra -O2 -ffreestanding -mbulk-memory -c -o "$objects/calls.o" calls.c
wasm-ld --no-entry --strip-all -z stack-size=16384 -o "$objects/core.wasm" "$objects/calls.o"
node build.mjs "$objects/core.wasm"
printf '%7d calls.wasm\n' "$(stat -c %s calls.wasm)"
