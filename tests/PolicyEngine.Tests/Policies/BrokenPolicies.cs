namespace Chain.PolicyEngine.Tests.Policies;

/// <summary>Policies that are wrong, each with the whole text that a person gets.</summary>
public static class BrokenPolicies
{
    public static TheoryData<string, string> All => new()
    {
        {
            "policy: p\neffect: deny\nwhen: dta.has('pii')\n",
            "p.yaml:3:7: undeclared reference to 'dta'; did you mean 'data'?\n  | when: dta.has('pii')\n  |       ^"
        },
        {
            "policy: p\neffect: deny\nwhen: data.hass('pii')\n",
            "p.yaml:3:12: undeclared function 'hass'; did you mean 'has'?\n  | when: data.hass('pii')\n  |            ^"
        },
        {
            "policy: p\neffect: deny\nwhen: callee.nme == 'a/b'\n",
            "p.yaml:3:14: callee has no field 'nme'; did you mean 'name'?\n  | when: callee.nme == 'a/b'\n  |              ^"
        },
        {
            "policy: p\neffect: deny\nwhen: chain.depth > 'three'\n",
            "p.yaml:3:19: operator '>' is not defined for int and string\n  | when: chain.depth > 'three'\n  |                   ^"
        },
        {
            "policy: p\neffect: deny\nwhen: data.tags\n",
            "p.yaml:3:7: a condition is a bool, found list(string)\n  | when: data.tags\n  |       ^"
        },
        {
            "policy: p\neffect: deny\nwhen: |\n  data.has('pii')\n    && chain.passed('a'\n",
            "p.yaml:5:24: expected ',' or ')', found the end of the expression\n  |     && chain.passed('a'\n  |                        ^"
        },
        {
            "policy: p\neffect: deny\nwhen: \"data.has('p i i')\"\n",
            "p.yaml:3:17: 'p i i' is not a tag: a name is made of A-Z a-z 0-9 _ . : / -, found ' '\n  | when: \"data.has('p i i')\"\n  |                 ^"
        },
        {
            "policy: p\neffect: deny\nwhen: chain.passed('a/b/c')\n",
            "p.yaml:3:20: 'a/b/c' has more than one '/'; a component is named application/component\n  | when: chain.passed('a/b/c')\n  |                    ^"
        },
        {
            "policy: p\neffect: deny\nwhen: callee.name.matches('(')\n",
            "p.yaml:3:27: not a pattern: Invalid pattern '(?:' at offset 3. Not enough )'s.\n  | when: callee.name.matches('(')\n  |                           ^"
        },
        {
            "policy: p\nwhen: data.has('pii')\n",
            "p.yaml:1:9: the policy has no effect; expected one of allow, deny, alert, audit\n  | policy: p\n  |         ^"
        },
        {
            "policy: p\neffect: denny\n",
            "p.yaml:2:9: 'effect' is one of allow, deny, alert, audit, found 'denny'; did you mean 'deny'?\n  | effect: denny\n  |         ^"
        },
        {
            "policy: p\neffect: deny\nwhenn: data.has('pii')\n",
            "p.yaml:3:1: a policy has no key 'whenn'; did you mean 'when'?\n  | whenn: data.has('pii')\n  | ^"
        },
        {
            "policy: p\neffect: deny\nmatch: { caller: a/b, calee: c/d }\n",
            "p.yaml:3:23: match has no key 'calee'; did you mean 'callee'?\n  | match: { caller: a/b, calee: c/d }\n  |                       ^"
        },
        {
            "policy: p\neffect: deny\nmatch: \"*/mailer\"\n",
            "p.yaml:3:8: match is a mapping, found '*/mailer'\n  | match: \"*/mailer\"\n  |        ^"
        },
        {
            "policy: p\neffect: deny\non: [call, reslt]\n",
            "p.yaml:3:12: 'on' is one of call, result, declassify, endorse, found 'reslt'; did you mean 'result'?\n  | on: [call, reslt]\n  |            ^"
        },
        {
            "policy: p\neffect: deny\nmessage: \"{{ caller.name }} sends {{ data.tag }}\"\n",
            "p.yaml:3:43: data has no field 'tag'; did you mean 'tags'?\n  | message: \"{{ caller.name }} sends {{ data.tag }}\"\n  |                                           ^"
        },
        {
            "policy: p\neffect: deny\nmessage: \"{{ caller.name\"\n",
            "p.yaml:3:11: '{{' has no '}}'\n  | message: \"{{ caller.name\"\n  |           ^"
        },
        {
            "policy: p\neffect: alert\ntests:\n  - given: { callee: a/b }\n    expect: deny\n",
            "p.yaml:5:13: 'expect' of a policy with effect alert is alert, none or error, found 'deny'\n  |     expect: deny\n  |             ^"
        },
        {
            "policy: p\neffect: deny\ntests:\n  - given: { calle: a/b }\n    expect: deny\n",
            "p.yaml:4:14: a call has no key 'calle'; did you mean 'callee'?\n  |   - given: { calle: a/b }\n  |              ^"
        },
        {
            "policy: p\neffect: deny\n---\npolicy: p\neffect: deny\n",
            "p.yaml:4:1: policy 'p' is defined twice; the first is at p.yaml:1:1\n  | policy: p\n  | ^"
        },
        {
            "policy: p\neffect: deny\neffect: allow\n",
            "p.yaml:3:1: 'effect' is there twice; the first is in line 2\n  | effect: allow\n  | ^"
        },
        {
            "policy: p\neffect: deny\nmatch:\n  callee: [a/b\n",
            "p.yaml:5:1: not YAML: while parsing a flow sequence, did not find expected ',' or ']'\n  | \n  | ^"
        },
        {
            "policy: my policy\neffect: deny\n",
            "p.yaml:1:9: a policy's name is 1 to 100 of a-z A-Z 0-9 _ . -, found 'my policy'\n  | policy: my policy\n  |         ^"
        },
        {
            "policy: p\neffect: deny\nmatch: &m { callee: a/b }\nwhen: true\ntests: *m\n",
            "p.yaml:5:8: aliases such as '*m' are not used here\n  | tests: *m\n  |        ^"
        },
        {
            "- policy: p\n",
            "p.yaml:1:1: a policy is a mapping, found a list\n  | - policy: p\n  | ^"
        },
        {
            "policy: p\neffect: deny\nwhen: >\n  data.has('pii') &&\n  caller.region == calle.region\n",
            "p.yaml:5:20: undeclared reference to 'calle'; did you mean 'callee'?\n  |   caller.region == calle.region\n  |                    ^"
        },
    };
}
