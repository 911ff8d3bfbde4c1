// The V8 side of `chain bench engine`: one JSON request a line on standard input, one JSON answer a line on standard output.
// V8 runs with its default flags; `warm` calls long enough for its optimising tier to have replaced the baseline code.
import { readFileSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

const loaded = new Map();
let unique = 0;

const nanoseconds = since => Number(process.hrtime.bigint() - since);

function timed(action) {
    const since = process.hrtime.bigint();
    const value = action();
    return { ns: nanoseconds(since), value };
}

// Exact in both directions: a float goes as its bits.
function checksum(type, value) {
    if (type !== 'f64') return String(value);
    const bits = new DataView(new ArrayBuffer(8));
    bits.setFloat64(0, value);
    return '0x' + bits.getBigUint64(0).toString(16).padStart(16, '0');
}

// V8 keeps compiled code by content; a custom section that differs each time makes every compilation a real one.
function neverSeenBefore(bytes) {
    const tail = new Uint8Array(8);
    tail.set([0, 6, 1, 0x75]);
    new DataView(tail.buffer).setUint32(4, unique++);
    const fresh = new Uint8Array(bytes.length + tail.length);
    fresh.set(bytes);
    fresh.set(tail, bytes.length);
    return fresh;
}

// With a text: a string in, a string out, as the canonical ABI passes them. Without: run(1).
function firstCall(exports, invoke, text) {
    if (text == null) return String(exports[invoke](1));
    const input = new TextEncoder().encode(text);
    const at = exports.cabi_realloc(0, 0, 1, input.length);
    new Uint8Array(exports.memory.buffer).set(input, at);
    const result = exports[invoke](at, input.length), view = new DataView(exports.memory.buffer);
    return new TextDecoder().decode(
        new Uint8Array(exports.memory.buffer, view.getUint32(result, true), view.getUint32(result + 4, true)));
}

const operations = {
    version: () => ({ node: process.versions.node, v8: process.versions.v8 }),

    load({ name, path }) {
        const module = new WebAssembly.Module(readFileSync(path));
        loaded.set(name, new WebAssembly.Instance(module, {}).exports.run);
        return {};
    },

    warm({ name, n, calls, ms }) {
        const run = loaded.get(name), since = process.hrtime.bigint();
        let done = 0;
        while (done < calls || nanoseconds(since) < ms * 1e6) {
            run(n);
            done++;
        }
        return { done };
    },

    // Processor time, not that of the clock on the wall: a kernel is one busy thread, and other processes shall not count.
    time({ name, n, type }) {
        const run = loaded.get(name), since = process.cpuUsage(), value = run(n), used = process.cpuUsage(since);
        return { ns: (used.user + used.system) * 1e3, checksum: checksum(type, value) };
    },

    // Compiles, instantiates and calls an export once, each step timed.
    first({ path, invoke, text }) {
        const bytes = neverSeenBefore(readFileSync(path));
        const validate = timed(() => WebAssembly.validate(bytes));
        if (!validate.value) throw new Error(path + ' is not valid');
        const compile = timed(() => new WebAssembly.Module(bytes));
        const instantiate = timed(() => new WebAssembly.Instance(compile.value, {}));
        const call = timed(() => firstCall(instantiate.value.exports, invoke, text));
        return { validateNs: validate.ns, compileNs: compile.ns, instantiateNs: instantiate.ns, callNs: call.ns, result: call.value };
    },
};

for await (const line of createInterface({ input: process.stdin })) {
    let answer;
    try {
        const { op, ...request } = JSON.parse(line);
        if (!Object.hasOwn(operations, op)) throw new Error(`unknown op ${op}`);
        answer = operations[op](request);
    } catch (e) {
        answer = { error: String(e?.message ?? e) };
    }
    writeSync(1, JSON.stringify(answer) + '\n');
}
