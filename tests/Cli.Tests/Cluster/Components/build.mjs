// Makes the components beside it from their sources. Needs wabt's wat2wasm on PATH and, installed by npm into the folder that is the first argument,
// @bytecodealliance/jco.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "load-"));
const modules = resolve(process.argv[2] ?? scratch);
if (!process.argv[2]) execFileSync("npm", ["install", "--silent", "--prefix", modules, "@bytecodealliance/jco@1.35.0"], { stdio: "inherit" });
const { componentEmbed, componentNew } = await import(pathToFileURL(createRequire(join(modules, "x.js")).resolve("@bytecodealliance/jco")));

// A file is one package; in one text, each needs braces around it.
const keyvalue = readFileSync(join(here, "../../../../examples/clinic/wit/deps/keyvalue.wit"), "utf8").replace(/^package ([^;{]+);/m, "package $1 {") + "}\n";
const witSource = readFileSync(join(here, "load.wit"), "utf8") + keyvalue;
for (const world of ["book", "front"]) {
  const core = join(scratch, `${world}.wasm`);
  execFileSync("wat2wasm", [join(here, `${world}.wat`), "-o", core]);
  const embedded = await componentEmbed({ binary: readFileSync(core), witSource, world });
  writeFileSync(join(here, `${world}.wasm`), await componentNew(embedded, []));
}
