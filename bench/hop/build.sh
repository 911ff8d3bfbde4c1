#!/bin/sh
# Makes the components of bench/hop from their sources: needs wabt (wat2wasm) and, by npm, @bytecodealliance/jco.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --prefix "$work" @bytecodealliance/jco
for name in relay leaf; do
  wat2wasm "$name.wat" -o "$work/$name.core.wasm"
  "$work/node_modules/.bin/jco" embed "$work/$name.core.wasm" --wit hop.wit -n "$name" -o "$work/$name.embed.wasm"
  "$work/node_modules/.bin/jco" new "$work/$name.embed.wasm" -o "$name.wasm"
done
