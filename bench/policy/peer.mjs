// The Cedar side of `chain bench policy`: one JSON request a line on standard input, one JSON answer a line on standard output.
// The policies are parsed once (preparsePolicySet); a decision is one call of statefulIsAuthorized, timed alone.
import { readFileSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const cedar = require('@cedar-policy/cedar-wasm/nodejs');
const version = JSON.parse(readFileSync(new URL('./node_modules/@cedar-policy/cedar-wasm/package.json', import.meta.url))).version;

let calls = [];

function decide(call) {
    const answer = cedar.statefulIsAuthorized(call);
    if (answer.type !== 'success') throw new Error(JSON.stringify(answer));
    return answer.response.decision === 'allow';
}

const operations = {
    version: () => ({ node: process.versions.node, v8: process.versions.v8 }),
    name: () => ({ name: `cedar-wasm ${version} (Node ${process.versions.node})` }),
    load: ({ policies, given }) => {
        const parsed = cedar.preparsePolicySet('bench', { staticPolicies: policies });
        if (parsed.type !== 'success') throw new Error(JSON.stringify(parsed).slice(0, 500));
        calls = given.map(({ principal, resource, context }) => ({
            principal: { type: 'Component', id: principal },
            action: { type: 'Action', id: 'call' },
            resource: { type: 'Component', id: resource },
            context,
            preparsedPolicySetId: 'bench',
            entities: [],
        }));
        return { count: calls.length };
    },
    verdicts: ({ from, count }) => ({ verdicts: calls.slice(from, from + count).map(decide) }),
    run: ({ from, count }) => {
        const nanoseconds = [];
        for (let i = 0; i < count; i++) {
            const call = calls[(from + i) % calls.length];
            const since = process.hrtime.bigint();
            decide(call);
            nanoseconds.push(Number(process.hrtime.bigint() - since));
        }
        return { nanoseconds };
    },
};

for await (const line of createInterface({ input: process.stdin })) {
    let answer;
    try {
        const request = JSON.parse(line);
        answer = operations[request.op](request);
    } catch (e) {
        answer = { error: String(e?.message ?? e) };
    }
    // In a loop: a long answer does not fit into the pipe at once.
    const bytes = Buffer.from(JSON.stringify(answer) + '\n');
    for (let at = 0; at < bytes.length;) {
        try {
            at += writeSync(1, bytes, at);
        } catch (e) {
            if (e.code !== 'EAGAIN') throw e;
        }
    }
}
