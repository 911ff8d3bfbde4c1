// The jco side of `chain bench component`: one JSON request a line on standard input, one JSON answer a line on standard output.
// The component is transpiled as `jco transpile --instantiation sync` does, and its core modules are compiled once, before anything is timed.
import { mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { transpile } from '@bytecodealliance/jco-transpile';

const version = JSON.parse(readFileSync(new URL('./node_modules/@bytecodealliance/jco-transpile/package.json', import.meta.url))).version;

// jco's code looks for JCO_DEBUG at every step, and Node asks the operating system each time; that alone would double the peer's figures.
Object.defineProperty(process, 'env', { value: { ...process.env } });

let batches;

async function load(path) {
    const folder = mkdtempSync(join(tmpdir(), 'chain-bench-'));
    try {
        const { files } = await transpile(path, { name: 'calls', instantiation: 'sync', typescript: false, outDir: folder });
        const modules = new Map();
        for (const [name, content] of Object.entries(files)) {
            if (name.endsWith('.wasm')) modules.set(basename(name), new WebAssembly.Module(content));
            if (name.endsWith('.js')) writeFileSync(join(folder, 'calls.mjs'), content);
        }
        const url = pathToFileURL(join(folder, 'calls.mjs')).href;
        // Two copies of the code, one to make many instances with and one to call: V8 no longer specialises functions that were made many times over.
        const [many, one] = [await import(url + '?many'), await import(url)];
        return [many, one].map(({ instantiate }) => () => instantiate(name => modules.get(name), {})['chain:bench/calls']);
    } finally {
        rmSync(folder, { recursive: true });
    }
}

// One loop a case, so that V8 specialises each for what it calls. Each returns what the last call gave.
const cases = (instantiate, calls, { text, order }) => ({
    instantiate: count => { let made; for (let i = 0; i < count; i++) made = instantiate(); return made.add(1, 2, 3); },
    empty: count => { for (let i = 0; i < count; i++) calls.empty(); return 0; },
    add: count => { let sum = 0; for (let i = 0; i < count; i++) sum = calls.add(sum, i, 1); return sum; },
    measure: count => { let length; for (let i = 0; i < count; i++) length = calls.measure(text); return length; },
    echo: count => { let echo; for (let i = 0; i < count; i++) echo = calls.echo(text); return echo; },
    total: count => { let total; for (let i = 0; i < count; i++) total = calls.total(order); return total; },
    discount: count => { let result; for (let i = 0; i < count; i++) result = calls.discount(order, 50); return result; },
});

const show = value => typeof value === 'object'
    ? `${value.id} ${value.items.map(item => `${item.name} ${item.quantity} ${item.price}`).join(' ')}` : String(value);

const operations = {
    version: () => ({ node: process.versions.node, v8: process.versions.v8 }),
    name: () => ({ name: `jco-transpile ${version} (Node ${process.versions.node})` }),

    async load({ path, text, items }) {
        const order = { id: 7n, items };
        const [many, one] = await load(path);
        batches = cases(many, one(), { text, order });
        return {};
    },

    // Processor time, as on the other side.
    time({ name, count }) {
        const batch = batches[name], since = process.cpuUsage(), value = batch(count), used = process.cpuUsage(since);
        return { ns: (used.user + used.system) * 1e3, value: show(value) };
    },
};

for await (const line of createInterface({ input: process.stdin })) {
    let answer;
    try {
        const { op, ...request } = JSON.parse(line);
        if (!Object.hasOwn(operations, op)) throw new Error(`unknown op ${op}`);
        answer = await operations[op](request);
    } catch (e) {
        answer = { error: String(e?.message ?? e) };
    }
    writeSync(1, JSON.stringify(answer) + '\n');
}
