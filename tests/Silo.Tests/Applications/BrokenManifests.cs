namespace Chain.Silo.Tests.Applications;

/// <summary>Manifests that are wrong, each with all that a person is told.</summary>
public static class BrokenManifests
{
    public static TheoryData<string, string> All => new()
    {
        {
            "application: shop\ncomponents: [\n",
            "chain.yaml:3:1: not YAML: while parsing a node, did not find expected node content"
        },
        {
            "application: shop\n---\napplication: shop\n",
            "chain.yaml:1:1: a manifest is one YAML document, found 2"
        },
        {
            "- application\n",
            "chain.yaml:1:1: a manifest is a mapping, found a list"
        },
        {
            "application: &a shop\ncomponents:\n  store: { path: store.wasm, instances: *a }\n",
            "chain.yaml:3:41: aliases such as '*a' are not used here"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  store: { path: archive.wasm }\n",
            "chain.yaml:4:3: 'store' is there twice; the first is in line 3"
        },
        {
            "application: shop\ncomponents: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n",
            "chain.yaml:2:42: YAML nests deeper than 32"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [user={{ id }}] }\n",
            "chain.yaml:5:72: not YAML: while parsing a flow sequence, did not find expected ',' or ']'; a text with '{{' stands in quotes"
        },
        {
            "aplication: shop\ncomponents:\n  store: { path: store.wasm }\n",
            "chain.yaml:1:1: a manifest has no key 'aplication'; did you mean 'application'?\n"
            + "chain.yaml:1:1: a manifest needs the key 'application'"
        },
        {
            "application: My Shop\ncomponents:\n  store: { path: store.wasm }\n",
            "chain.yaml:1:14: an application's name is made of a-z 0-9 and -, begins with a letter and has at most 60 characters, found 'My Shop'"
        },
        {
            "application: shop\n",
            "chain.yaml:1:1: a manifest needs the key 'components'"
        },
        {
            "application: shop\ncomponents: {}\n",
            "chain.yaml:2:13: 'components' is a mapping of names to components, found an empty one"
        },
        {
            "application: shop\ncomponents:\n  Store: { path: store.wasm }\n",
            "chain.yaml:3:3: a component's name is made of a-z 0-9 and -, begins with a letter and has at most 60 characters, found 'Store'"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nlinks: { from: a }\n",
            "chain.yaml:4:8: 'links' is a list of links, found a mapping"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\npolices: [policies/*.yaml]\n",
            "chain.yaml:4:1: a manifest has no key 'polices'; did you mean 'policies'?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\npolicies: [policies/*.yaml]\n",
            "chain.yaml:4:12: no file fits 'policies/*.yaml' in the folder"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nalerts: alerts.yaml\n",
            "chain.yaml:4:9: no such file: alerts.yaml"
        },
        {
            "application: shop\ncomponents:\n  store: store.wasm\n",
            "chain.yaml:3:10: component 'store' is a mapping, found 'store.wasm'"
        },
        {
            "application: shop\ncomponents:\n  store: { pth: store.wasm }\n",
            "chain.yaml:3:3: component 'store' has either a path or a digest, found neither\n"
            + "chain.yaml:3:12: component 'store' has no key 'pth'; did you mean 'path'?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm, digest: \"sha256:0\" }\n",
            "chain.yaml:3:3: component 'store' has either a path or a digest, found both\n"
            + "chain.yaml:3:38: 'digest' is sha256: and 64 hexadecimal digits, found 'sha256:0'"
        },
        {
            "application: shop\ncomponents:\n  store: { digest: \"sha256:0000000000000000000000000000000000000000000000000000000000000000\" }\n",
            "chain.yaml:3:20: component 'store' is named by its digest, which takes a store to find; there is none here"
        },
        {
            "application: shop\ncomponents:\n  store: { path: missing.wasm }\n",
            "chain.yaml:3:18: component 'store': no such file: missing.wasm"
        },
        {
            "application: shop\ncomponents:\n  store: { path: broken.wasm }\n",
            "chain.yaml:3:18: component 'store': malformed component broken.wasm at 0x8: malformed section id 110"
        },
        {
            "application: shop\ncomponents:\n  store: { path: core.wasm }\n",
            "chain.yaml:3:18: component 'store': core.wasm is a core module; expected a component"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm, instances: statefull }\n",
            "chain.yaml:3:41: 'instances' is one of reset, warm, stateful, found 'statefull'; did you mean 'stateful'?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm, instances: stateful, replicas: 3 }\n",
            "chain.yaml:3:61: a stateful component has one instance, found replicas: 3"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm, key: id }\n",
            "chain.yaml:3:35: 'key' is for a component with instances: stateful, found instances: reset"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm, instances: stateful, key: [id] }\n",
            "chain.yaml:3:56: 'key' is a text, found a list"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm, instances: stateful, key: idd }\n",
            "chain.yaml:3:56: no function of component 'store' has a parameter 'idd'; expected id (did you mean 'id'?)"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm, instances: stateful, key: item }\n",
            "chain.yaml:3:56: parameter 'item' of 'test:shop/store#put' is a record; a key is a string, an integer, a bool, a char or an enum"
        },
        {
            "application: shop\ncomponents:\n  web: { path: web.wasm, instances: stateful, key: request }\n  store: { path: store.wasm }\n",
            "chain.yaml:3:52: parameter 'request' of 'wasi:http/incoming-handler#handle' is a handle to a resource; a key is a string, an integer, a bool, a char or an enum"
        },
        {
            "application: shop\ncomponents:\n  worker: { path: worker.wasm, instances: stateful, key: id, grants: { http: [], keyvalue: [], logging: true } }\n",
            "chain.yaml:3:58: no function of component 'worker' has a parameter 'id'; none has one that can be a key"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm, idempotent: yes }\n",
            "chain.yaml:3:42: 'idempotent' is true, or a list of functions such as [\"clinic:records/store#get\"], found 'yes'"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm, idempotent: { get: true } }\n",
            "chain.yaml:3:42: 'idempotent' is true, or a list of functions such as [\"clinic:records/store#get\"], found a mapping"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm, idempotent: [\"test:shop/store#gett\", get] }\n",
            "chain.yaml:3:43: component 'store' exports no function 'test:shop/store#gett'; expected one of test:shop/store#all, test:shop/store#check, test:shop/store#get, test:shop/store#put (did you mean 'test:shop/store#get'?)\n"
            + "chain.yaml:3:67: component 'store' exports no function 'get'; expected one of test:shop/store#all, test:shop/store#check, test:shop/store#get, test:shop/store#put"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm, replicas: 0 }\n",
            "chain.yaml:3:40: 'replicas' of component 'store' is a whole number from 1 to 1000, found '0'"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm, labels: { Region: eu } }\n",
            "chain.yaml:3:48: a label's name is made of a-z 0-9 _ . -, and begins with a letter, found 'Region'"
        },
        {
            "application: shop\ncomponents:\n  store:\n    path: store.wasm\n    limits: { memory: 64 megabytes, deadline: 5 seconds, stack: 1, fuel: lots, request-body: 2GiB }\n",
            "chain.yaml:5:23: 'memory' of 'limits' is a size from 64KiB to 64GiB such as 64MiB, found '64 megabytes'\n"
            + "chain.yaml:5:47: 'deadline' of 'limits' is a duration from 1ms to 1h such as 500ms, 5s or 2m, found '5 seconds'\n"
            + "chain.yaml:5:65: 'stack' of 'limits' is a size from 64KiB to 256MiB such as 1MiB, found '1'\n"
            + "chain.yaml:5:74: 'fuel' of 'limits' is none or a number of instructions such as 1000000, found 'lots'\n"
            + "chain.yaml:5:94: 'request-body' of 'limits' is a size up to 1GiB such as 30MB, found '2GiB'"
        },
        {
            "application: shop\ncomponents:\n  store:\n    path: store.wasm\n    limits: { memroy: 64MiB }\n",
            "chain.yaml:5:15: 'limits' has no key 'memroy'; did you mean 'memory'?"
        },
        {
            "application: shop\ncomponents:\n  store:\n    path: store.wasm\n    grants: { network: true }\n",
            "chain.yaml:5:15: 'grants' has no key 'network'; expected one of environment, arguments, directories, http, keyvalue, config, logging"
        },
        {
            "application: shop\ncomponents:\n  store:\n    path: store.wasm\n    grants:\n      http: [\"http://example.com\"]\n",
            "chain.yaml:6:14: 'http://example.com' is no host to allow: expected HOST, HOST:PORT, *.DOMAIN, an IP address ([…] around IPv6 with a port) or a network such as 10.0.0.0/8"
        },
        {
            "application: shop\ncomponents:\n  store:\n    path: store.wasm\n    grants:\n      directories: [{ host: ./data, guest: data, access: write }]\n",
            "chain.yaml:6:7: warning: component 'store' is granted directories, and imports nothing that uses it\n"
            + "chain.yaml:6:44: 'guest' is an absolute path such as /data, or '.', found 'data'\n"
            + "chain.yaml:6:58: 'access' is one of read, read-write, found 'write'"
        },
        {
            "application: shop\ncomponents:\n  store:\n    path: store.wasm\n    grants:\n      environment: { \"A=B\": c }\n",
            "chain.yaml:6:29: an environment variable's name has 1 to 200 characters and no '=', found 'A=B'"
        },
        {
            "application: shop\ncomponents:\n  store:\n    path: store.wasm\n    grants:\n      logging: yes\n",
            "chain.yaml:6:7: warning: component 'store' is granted logging, and imports nothing that uses it\n"
            + "chain.yaml:6:16: 'logging' is one of true, false, found 'yes'"
        },
        {
            "application: shop\ncomponents:\n  front: { path: front.wasm }\n",
            "chain.yaml:3:3: component 'front' imports 'test:shop/store@1.2.0', which nothing offers; no component exports anything like it"
        },
        {
            "application: shop\ncomponents:\n  front: { path: front.wasm }\n  store: { path: store-two.wasm }\n",
            "chain.yaml:3:3: component 'front' imports 'test:shop/store@1.2.0', which nothing offers: 'store' has test:shop/store@2.0.0, which is not compatible"
        },
        {
            "application: shop\ncomponents:\n  front: { path: front.wasm }\n  depot: { path: archive.wasm }\n",
            "chain.yaml:3:3: component 'front' imports 'test:shop/store@1.2.0', which nothing offers; 'test:archive/depot' of 'depot' would fit, under links: { from: front, import: \"test:shop/store@1.2.0\", to: depot, export: \"test:archive/depot\" }"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  front: { path: front.wasm }\n  other: { path: store.wasm }\n",
            "chain.yaml:4:3: component 'front' imports 'test:shop/store@1.2.0', which several export: other, store; say which under links: { from: front, import: \"test:shop/store@1.2.0\", to: store }"
        },
        {
            "application: shop\ncomponents:\n  back: { path: back.wasm }\n  store: { path: store.wasm }\n",
            "chain.yaml:3:3: component 'back' imports 'test:ring/back', which nothing offers; no component exports anything like it"
        },
        {
            "application: shop\ncomponents:\n  swimmer: { path: swimmer.wasm }\n  pool: { path: pool.wasm }\n",
            "chain.yaml:3:3: 'test:pool/pool' of 'pool' cannot meet the import 'test:pool/pool' of 'swimmer': it uses the resource 'lane', and resources cannot cross between components"
        },
        {
            "application: shop\ncomponents:\n  worker: { path: worker.wasm }\n",
            "chain.yaml:3:3: component 'worker' imports 'wasi:http/outgoing-handler@0.2.12' and has no grant for it; add to its grants http: [HOST, …], or http: [] to refuse every request\n"
            + "chain.yaml:3:3: component 'worker' imports 'wasi:keyvalue/store@0.2.0-draft2' and has no grant for it; add to its grants keyvalue: [BUCKET, …], or keyvalue: [] to refuse every bucket\n"
            + "chain.yaml:3:3: component 'worker' imports 'wasi:logging/logging@0.1.0-draft' and has no grant for it; add to its grants logging: true"
        },
        {
            "application: shop\ncomponents:\n  worker:\n    path: worker.wasm\n    grants:\n      http: []\n",
            "chain.yaml:6:7: component 'worker' imports 'wasi:keyvalue/store@0.2.0-draft2' and has no grant for it; add to its grants keyvalue: [BUCKET, …], or keyvalue: [] to refuse every bucket\n"
            + "chain.yaml:6:7: component 'worker' imports 'wasi:logging/logging@0.1.0-draft' and has no grant for it; add to its grants logging: true"
        },
        {
            "application: shop\ncomponents:\n  old: { path: older.wasm }\n",
            "chain.yaml:3:3: component 'old' imports 'wasi:keyvalue/store@0.1.0', which nothing offers: the host has wasi:keyvalue/store@0.2.0-draft, the host has wasi:keyvalue/store@0.2.0-draft2; none of them is compatible"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  front: { path: front.wasm }\nlinks:\n  - { from: front, import: \"test:shop/store\", to: stor }\n",
            "chain.yaml:6:51: unknown component 'stor'; expected one of front, store (did you mean 'store'?)"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  front: { path: front.wasm }\nlinks:\n  - { from: fron, import: \"test:shop/store\", to: store }\n",
            "chain.yaml:6:13: unknown component 'fron'; expected one of front, store (did you mean 'front'?)"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  front: { path: front.wasm }\nlinks:\n  - { from: front, import: \"test:shop/stores\", to: store }\n",
            "chain.yaml:6:28: component 'front' does not import 'test:shop/stores'; expected one of test:shop/store, test:shop/types (did you mean 'test:shop/store'?)"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  front: { path: front.wasm }\nlinks:\n  - { from: front, import: \"test:shop/store\", to: front }\n",
            "chain.yaml:6:51: component 'front' cannot be linked with itself"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  front: { path: front.wasm }\nlinks:\n  - { from: front, import: \"test:shop/store\", to: store }\n  - { from: front, import: \"test:shop/store@1.2.0\", to: store }\n",
            "chain.yaml:7:28: component 'front' is linked for 'test:shop/store@1.2.0' twice; the first link is in line 6"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  front: { path: front.wasm }\nlinks:\n  - { from: front, import: \"test:shop/store\", to: store, export: \"test:shop/shop\" }\n",
            "chain.yaml:6:66: component 'store' does not export 'test:shop/shop'; expected test:shop/store"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  front: { path: front.wasm }\n  odd: { path: odd-store.wasm }\nlinks:\n  - { from: front, import: \"test:shop/store\", to: odd, export: \"test:shop/store@1.0.0\" }\n",
            "chain.yaml:7:13: 'test:shop/store@1.0.0' of 'odd' cannot meet the import 'test:shop/store@1.2.0' of 'front': missing expected export 'item'"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  front: { path: front.wasm }\nlinks:\n  - { from: front, to: store }\n",
            "chain.yaml:6:5: a link needs the key 'import'"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nexpose:\n  - { component: store, http: / }\n",
            "chain.yaml:5:18: component 'store' cannot answer HTTP requests: expected an export wasi:http/incoming-handler of version 0.2, found test:shop/store@1.2.0"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nexpose:\n  - { component: sotre, http: / }\n",
            "chain.yaml:5:18: unknown component 'sotre'; expected store (did you mean 'store'?)"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  web: { path: web.wasm }\nexpose:\n  - { component: web, http: /a }\n  - { component: web, http: /a/ }\n",
            "chain.yaml:7:29: '/a' is exposed twice; the first is in line 6"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  web: { path: web.wasm }\nexpose:\n  - { component: web, http: \"a?b\", host: \"a:80\" }\n",
            "chain.yaml:6:29: 'http' is a path such as / or /api, without a query, found 'a?b'\n"
            + "chain.yaml:6:42: 'host' is a host's name without a port, found 'a:80'"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#gte\", result: [pii] }\n",
            "chain.yaml:5:35: component 'store' exports no function 'test:shop/store#gte'; expected one of test:shop/store#all, test:shop/store#check, test:shop/store#get, test:shop/store#put (did you mean 'test:shop/store#get'?)"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#put\", result: [pii] }\n",
            "chain.yaml:5:58: 'test:shop/store#put' has no result"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", argument: name, tags: [pii] }\n",
            "chain.yaml:5:68: 'test:shop/store#get' has no argument 'name'; expected id"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [pii], field: ok.nmae }\n",
            "chain.yaml:5:80: 'ok' of the result has no field 'nmae'; expected one of color, id, kind, name, note, parts, price, size and 1 more"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [pii], field: name }\n",
            "chain.yaml:5:80: the result is a result; expected ok or error, found 'name'"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [pii], field: ok.parts.name }\n",
            "chain.yaml:5:80: 'ok.parts' of the result is a list; expected * for all its elements, found 'name'"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [pii], field: ok.size.2 }\n",
            "chain.yaml:5:80: 'ok.size' of the result is a tuple; expected a number from 0 to 1, found '2'"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [pii], field: ok.kind.toy }\n",
            "chain.yaml:5:80: 'ok.kind' of the result has no case 'toy' with a value; expected one of book, game"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [pii], field: ok.name.first }\n",
            "chain.yaml:5:80: 'ok.name' of the result is a string, which has no parts; found '.first' after it"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [\"user={{ name }}\"] }\n",
            "chain.yaml:5:67: {{ name }}: the function has no argument 'name'; expected one of id, result"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [\"user={{ result.ok }}\"] }\n",
            "chain.yaml:5:67: {{ result.ok }}: 'ok' of the result is a record; a tag's value is a string, an integer, a bool, a char or an enum; its fields are id, name, price, weight, note, size, kind, color and 1 more"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [\"user=x{{ id }}\"] }\n",
            "chain.yaml:5:67: tag 'user=x{{ id }}': a value from the call is name={{ path }} and nothing beside it"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", argument: id, tags: [\"user={{ result.ok.id }}\"] }\n",
            "chain.yaml:5:79: {{ result.ok.id }}: a tag of an argument is put on before there is a result"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [\"p i i\"] }\n",
            "chain.yaml:5:67: tag 'p i i': a name is made of A-Z a-z 0-9 _ . : / -, found ' '"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", tags: [pii] }\n",
            "chain.yaml:5:5: a source has one of result, argument, request, response, found none"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [pii], argument: id }\n",
            "chain.yaml:5:5: a source has one of result, argument, request, response, found result and argument"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, request: [web] }\n  - { component: store, response: [web] }\n",
            "chain.yaml:5:25: component 'store' gets no HTTP requests: it is not under 'expose'\n"
            + "chain.yaml:6:25: component 'store' gets no HTTP responses: it does not import wasi:http/outgoing-handler"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  web: { path: web.wasm }\nexpose: [{ component: web, http: / }]\nsources:\n  - { component: web, request: [\"user={{ cookie.id }}\"] }\n",
            "chain.yaml:7:33: {{ cookie.id }}: a value of a request is header.NAME or query.NAME"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsinks:\n  - { name: store, http: example.com }\n",
            "chain.yaml:5:13: the name 'store' is taken by a component in line 3"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsinks:\n  - { name: out, http: example.com, log: true }\n",
            "chain.yaml:5:5: a sink has one of http, log, keyvalue, found http and log"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\ndeclassifiers:\n  - { component: store, function: \"test:shop/store#get\", drops: [+checked] }\n",
            "chain.yaml:5:66: a declassifier drops secrecy tags, found '+checked'"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nendorsers:\n  - { component: store, function: \"test:shop/store#get\", adds: [checked] }\n",
            "chain.yaml:5:65: an endorser adds integrity tags, which begin with '+', found 'checked'"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\ndeclassifiers:\n  - { component: store, function: \"get\", drops: [pii] }\n",
            "chain.yaml:5:35: component 'store' exports no function 'get'; expected one of test:shop/store#all, test:shop/store#check, test:shop/store#get, test:shop/store#put"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\ndeclassifiers:\n  - { component: store, function: \"test:shop/store#put\", drops: [pii] }\n",
            "chain.yaml:5:35: 'test:shop/store#put' has no result, whose tags could change"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\npolicies: broken.yaml\n",
            "broken.yaml:3:7: undeclared reference to 'dta'; did you mean 'data'?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\npolicies: names.yaml\n",
            "names.yaml:1:1: policy 'p': no component of the manifest is called 'shop/sotre'; did you mean 'shop/store'?\n"
            + "names.yaml:1:1: policy 'p': nothing in the manifest puts on the tag 'pii'\n"
            + "names.yaml:1:1: warning: policy 'p' has no tests"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\npolicies: fails.yaml\n",
            "fails.yaml:1:1: warning: policy 'p' has no test in which it matches\n"
            + "fails.yaml:5:5: policy 'p', test 1: expected none, found deny"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nalerts: wrong-alerts.yaml\n",
            "wrong-alerts.yaml:1:13: 'first-wait' is a duration such as 50ms, 5m or 1h30m, found 'soon'"
        },
    };
}
