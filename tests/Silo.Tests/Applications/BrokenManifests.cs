namespace Chain.Silo.Tests.Applications;

/// <summary>Manifests that are wrong, each with all that a person is told.</summary>
public static class BrokenManifests
{
    public static TheoryData<string, string> All => new()
    {
        {
            "application: shop\ncomponents: [\n",
            "?"
        },
        {
            "application: shop\n---\napplication: shop\n",
            "?"
        },
        {
            "- application\n",
            "?"
        },
        {
            "application: &a shop\ncomponents:\n  store: { path: store.wasm, instances: *a }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  store: { path: archive.wasm }\n",
            "?"
        },
        {
            "application: shop\ncomponents: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [user={{ id }}] }\n",
            "?"
        },
        {
            "aplication: shop\ncomponents:\n  store: { path: store.wasm }\n",
            "?"
        },
        {
            "application: My Shop\ncomponents:\n  store: { path: store.wasm }\n",
            "?"
        },
        {
            "application: shop\n",
            "?"
        },
        {
            "application: shop\ncomponents: {}\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  Store: { path: store.wasm }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nlinks: { from: a }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\npolices: [policies/*.yaml]\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\npolicies: [policies/*.yaml]\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nalerts: alerts.yaml\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: store.wasm\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { pth: store.wasm }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm, digest: \"sha256:0\" }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { digest: \"sha256:0000000000000000000000000000000000000000000000000000000000000000\" }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: missing.wasm }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: broken.wasm }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: core.wasm }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm, instances: statefull }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm, instances: stateful, replicas: 3 }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm, replicas: 0 }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm, labels: { Region: eu } }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store:\n    path: store.wasm\n    limits: { memory: 64 megabytes, deadline: 5 seconds, stack: 1, fuel: lots, request-body: 2GiB }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store:\n    path: store.wasm\n    limits: { memroy: 64MiB }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store:\n    path: store.wasm\n    grants: { network: true }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store:\n    path: store.wasm\n    grants:\n      http: [\"http://example.com\"]\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store:\n    path: store.wasm\n    grants:\n      directories: [{ host: ./data, guest: data, access: write }]\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store:\n    path: store.wasm\n    grants:\n      environment: { \"A=B\": c }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store:\n    path: store.wasm\n    grants:\n      logging: yes\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  front: { path: front.wasm }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  front: { path: front.wasm }\n  store: { path: store-two.wasm }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  front: { path: front.wasm }\n  depot: { path: archive.wasm }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  front: { path: front.wasm }\n  other: { path: store.wasm }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  back: { path: back.wasm }\n  store: { path: store.wasm }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  swimmer: { path: swimmer.wasm }\n  pool: { path: pool.wasm }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  worker: { path: worker.wasm }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  worker:\n    path: worker.wasm\n    grants:\n      http: []\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  old: { path: older.wasm }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  front: { path: front.wasm }\nlinks:\n  - { from: front, import: \"test:shop/store\", to: stor }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  front: { path: front.wasm }\nlinks:\n  - { from: fron, import: \"test:shop/store\", to: store }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  front: { path: front.wasm }\nlinks:\n  - { from: front, import: \"test:shop/stores\", to: store }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  front: { path: front.wasm }\nlinks:\n  - { from: front, import: \"test:shop/store\", to: front }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  front: { path: front.wasm }\nlinks:\n  - { from: front, import: \"test:shop/store\", to: store }\n  - { from: front, import: \"test:shop/store@1.2.0\", to: store }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  front: { path: front.wasm }\nlinks:\n  - { from: front, import: \"test:shop/store\", to: store, export: \"test:shop/shop\" }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  front: { path: front.wasm }\n  odd: { path: odd-store.wasm }\nlinks:\n  - { from: front, import: \"test:shop/store\", to: odd, export: \"test:shop/store@1.0.0\" }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  front: { path: front.wasm }\nlinks:\n  - { from: front, to: store }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nexpose:\n  - { component: store, http: / }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nexpose:\n  - { component: sotre, http: / }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  web: { path: web.wasm }\nexpose:\n  - { component: web, http: /a }\n  - { component: web, http: /a/ }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  web: { path: web.wasm }\nexpose:\n  - { component: web, http: \"a?b\", host: \"a:80\" }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#gte\", result: [pii] }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#put\", result: [pii] }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", argument: name, tags: [pii] }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [pii], field: ok.nmae }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [pii], field: name }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [pii], field: ok.parts.name }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [pii], field: ok.size.2 }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [pii], field: ok.kind.toy }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [pii], field: ok.name.first }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [\"user={{ name }}\"] }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [\"user={{ result.ok }}\"] }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [\"user=x{{ id }}\"] }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", argument: id, tags: [\"user={{ result.ok.id }}\"] }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [\"p i i\"] }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", tags: [pii] }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, function: \"test:shop/store#get\", result: [pii], argument: id }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsources:\n  - { component: store, request: [web] }\n  - { component: store, response: [web] }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\n  web: { path: web.wasm }\nexpose: [{ component: web, http: / }]\nsources:\n  - { component: web, request: [\"user={{ cookie.id }}\"] }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsinks:\n  - { name: store, http: example.com }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nsinks:\n  - { name: out, http: example.com, log: true }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\ndeclassifiers:\n  - { component: store, function: \"test:shop/store#get\", drops: [+checked] }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nendorsers:\n  - { component: store, function: \"test:shop/store#get\", adds: [checked] }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\ndeclassifiers:\n  - { component: store, function: \"get\", drops: [pii] }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\ndeclassifiers:\n  - { component: store, function: \"test:shop/store#put\", drops: [pii] }\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\npolicies: broken.yaml\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\npolicies: names.yaml\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\npolicies: fails.yaml\n",
            "?"
        },
        {
            "application: shop\ncomponents:\n  store: { path: store.wasm }\nalerts: wrong-alerts.yaml\n",
            "?"
        },
    };
}
