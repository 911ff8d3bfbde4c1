// Makes the components beside it from their sources. Needs wabt's wat2wasm on PATH and, installed by npm into the folder that is the first argument,
// @bytecodealliance/jco.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "hop-"));
const modules = resolve(process.argv[2] ?? scratch);
if (!process.argv[2]) execFileSync("npm", ["install", "--silent", "--prefix", modules, "@bytecodealliance/jco"], { stdio: "inherit" });
const { componentEmbed, componentNew } = await import(pathToFileURL(createRequire(join(modules, "x.js")).resolve("@bytecodealliance/jco")));

const witSource = readFileSync(join(here, "hop.wit"), "utf8");
for (const world of ["relay", "leaf"]) {
  const core = join(scratch, `${world}.wasm`);
  execFileSync("wat2wasm", [join(here, `${world}.wat`), "-o", core]);
  const embedded = await componentEmbed({ binary: readFileSync(core), witSource, world });
  writeFileSync(join(here, `${world}.wasm`), await componentNew(embedded, []));
}
