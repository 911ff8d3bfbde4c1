// The last step of build.sh: makes a component of the core module named on the command line.
import { readFileSync, writeFileSync } from 'node:fs';
import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';

const embedded = await componentEmbed({
    binary: readFileSync(process.argv[2]), witSource: readFileSync('calls.wit', 'utf8'), world: 'guest', stringEncoding: 'utf8',
});
writeFileSync('calls.wasm', await componentNew(embedded, []));
