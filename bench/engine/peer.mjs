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

// Every import as something of its kind; functions answer zero.
function stubs(module) {
    const imports = {};
    for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
        imports[from] ??= {};
        imports[from][name] = kind === 'function' ? () => 0
            : kind === 'memory' ? new WebAssembly.Memory({ initial: 1 })
            : kind === 'table' ? new WebAssembly.Table({ initial: 1024, element: 'anyfunc' })
            : new WebAssembly.Global({ value: 'i32' }, 0);
    }
    return imports;
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

    time({ name, n, type }) {
        const run = loaded.get(name), { ns, value } = timed(() => run(n));
        return { ns, checksum: checksum(type, value) };
    },

    // Compiles, instantiates with stubs and calls an export once, each step timed; a trap is an answer too.
    first({ path, invoke, args }) {
        const bytes = neverSeenBefore(readFileSync(path));
        const validate = timed(() => WebAssembly.validate(bytes));
        const compile = timed(() => new WebAssembly.Module(bytes));
        const imports = stubs(compile.value);
        const instantiate = timed(() => new WebAssembly.Instance(compile.value, imports));
        const target = instantiate.value.exports[invoke];
        const call = timed(() => {
            try {
                return String(target(...args));
            } catch (e) {
                if (e instanceof WebAssembly.RuntimeError) return 'trap';
                throw e;
            }
        });
        return { validateNs: validate.ns, compileNs: compile.ns, instantiateNs: instantiate.ns, callNs: call.ns, result: call.value };
    },
};

for await (const line of createInterface({ input: process.stdin })) {
    let answer;
    try {
        const { op, ...request } = JSON.parse(line);
        answer = operations[op](request);
    } catch (e) {
        answer = { error: String(e?.message ?? e) };
    }
    writeSync(1, JSON.stringify(answer) + '\n');
}
