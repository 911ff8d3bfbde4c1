// Makes service.wasm from its source. Needs wabt's wat2wasm on PATH and, installed by npm into the folder that is the first argument,
// @bytecodealliance/jco 1.35.0, which brings the WIT texts of WASI 0.2.12.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "service-"));
const modules = resolve(process.argv[2] ?? scratch);
if (!process.argv[2]) execFileSync("npm", ["install", "--silent", "--prefix", modules, "@bytecodealliance/jco@1.35.0"], { stdio: "inherit" });
const { componentEmbed, componentNew } = await import(pathToFileURL(createRequire(join(modules, "x.js")).resolve("@bytecodealliance/jco")));

// A file is one package; in one text, each needs braces around it.
const builtin = join(modules, "node_modules", "@bytecodealliance", "jco", "lib", "wit", "builtin", "0.2.12");
const wasi = ["wasi-cli", "wasi-clocks", "wasi-filesystem", "wasi-http", "wasi-io", "wasi-random", "wasi-sockets"]
  .map(name => readFileSync(join(builtin, name, "package.wit"), "utf8").replace(/^package ([^;{]+);/m, "package $1 {") + "}\n");
const witSource = `package chain:test;
world service {
  import wasi:http/types@0.2.12;
  import wasi:io/streams@0.2.12;
  export wasi:http/incoming-handler@0.2.12;
}
${wasi.join("\n")}`;

const core = join(scratch, "service.wasm");
execFileSync("wat2wasm", [join(here, "service.wat"), "-o", core]);
const embedded = await componentEmbed({ binary: readFileSync(core), witSource, world: "service" });
writeFileSync(join(here, "service.wasm"), await componentNew(embedded, []));
