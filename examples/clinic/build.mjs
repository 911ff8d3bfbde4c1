// Rebuilds components/*.wasm from sources/. Needs Node 20, npm, clang and wasm-ld with the wasm32 target; takes the rest from npm into a scratch
// folder (the first argument, or a new temporary one). See README.md.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const sources = join(here, "sources");
const scratch = process.argv[2] ? resolve(process.argv[2]) : mkdtempSync(join(tmpdir(), "clinic-"));
const packages = ["@bytecodealliance/jco@1.35.0", "componentize-qjs@0.4.5", "assemblyscript@0.28.20", "wabt@1.0.39"];

function run(program, ...options) {
  try {
    execFileSync(program, options, { cwd: scratch, stdio: ["ignore", "pipe", "pipe"] });
  } catch (failure) {
    process.stderr.write(`${failure.stdout ?? ""}${failure.stderr ?? ""}`);
    throw new Error(failure.code === "ENOENT" ? `${program} is missing` : `${program} ${options.join(" ")} failed`);
  }
}

const tool = (name, ...options) => run(join(scratch, "node_modules", ".bin", name), ...options);

/** A module of a package in the scratch folder. */
const load = name => import(pathToFileURL(createRequire(join(scratch, "package.json")).resolve(name)));

/** One text of all packages: those under wit/, and those of WASI 0.2.12 that come with jco. */
function witText() {
  const builtin = join(scratch, "node_modules", "@bytecodealliance", "jco", "lib", "wit", "builtin", "0.2.12");
  const deps = [
    ...readdirSync(join(here, "wit", "deps")).sort().map(name => join(here, "wit", "deps", name)),
    ...["wasi-cli", "wasi-clocks", "wasi-filesystem", "wasi-http", "wasi-io", "wasi-random", "wasi-sockets"].map(name => join(builtin, name, "package.wit")),
  ];
  // A file is one package; in one text, each needs braces around it.
  const nested = deps.map(file => readFileSync(file, "utf8").replace(/^package ([^;{]+);/m, "package $1 {") + "}\n");
  const text = join(scratch, "clinic.wit");
  writeFileSync(text, [readFileSync(join(here, "wit", "clinic.wit"), "utf8"), ...nested].join("\n"));
  return text;
}

/** From a core module to a component. */
async function component(world, core, stringEncoding) {
  // Through the API: `jco embed --wit` cannot read files.
  const { componentEmbed, componentNew } = await load("@bytecodealliance/jco");
  const embedded = await componentEmbed({ binary: readFileSync(core), witSource: readFileSync(wit, "utf8"), world, stringEncoding });
  writeFileSync(join(here, "components", `${world}.wasm`), await componentNew(embedded, []));
}

async function buildC(world) {
  const core = join(scratch, `${world}.core.wasm`);
  run("clang", "--target=wasm32", "-O2", "-std=c11", "-Wall", "-Wextra", "-Wno-incompatible-library-redeclaration", "-ffreestanding", "-fno-builtin", "-nostdlib",
    "-Wl,--no-entry", "-Wl,--strip-all", "-Wl,-z,stack-size=16384", "-o", core, join(sources, world, `${world}.c`));
  await component(world, core, "utf8");
}

async function buildWat(world) {
  const core = join(scratch, `${world}.core.wasm`);
  tool("wat2wasm", join(sources, world, `${world}.wat`), "-o", core);
  await component(world, core, "utf8");
}

/** AssemblyScript's exports have identifiers for names; the canonical ABI wants `interface#function`. */
async function buildAssemblyScript(world, exports) {
  const plain = join(scratch, `${world}.plain.wasm`);
  const core = join(scratch, `${world}.core.wasm`);
  tool("asc", join(sources, world, `${world}.ts`), "--outFile", plain, "-O2", "--noAssert", "--runtime", "incremental", "--use", "abort=");
  const { default: binaryen } = await load("binaryen");
  const module = binaryen.readBinary(readFileSync(plain));
  for (let i = module.getNumExports() - 1; i >= 0; i--) {
    const { name, value } = binaryen.getExportInfo(module.getExportByIndex(i));
    if (!(name in exports)) continue;
    module.removeExport(name);
    for (const wanted of [exports[name]].flat()) module.addFunctionExport(value, wanted);
  }
  writeFileSync(core, module.emitBinary());
  await component(world, core, "utf16");
}

/**
 * componentize-qjs runs the script once at build time, against a WASI of its own that does not fit the interfaces of wasi:http, and `--stub-wasi`
 * (which keeps the engine from importing what the script has no use for) would stub the script's WASI imports too. So those have another
 * name, of the same length, until the component is done.
 */
function buildJavaScript(world) {
  const renamed = text => text.replaceAll("wasi:", "wasj:");
  const folder = join(scratch, world);
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(join(sources, world))) writeFileSync(join(folder, name), renamed(readFileSync(join(sources, world, name), "utf8")));
  const renamedWit = join(folder, "world.wit");
  const output = join(folder, "component.wasm");
  writeFileSync(renamedWit, renamed(readFileSync(wit, "utf8")));
  tool("componentize-qjs", "--wit", renamedWit, "--world", world, "--js", join(folder, `${world}.js`), "--module-root", folder,
    "--sync", "--opt-size", "--stub-wasi", "-o", output);
  const bytes = readFileSync(output);
  for (const { id, from, to } of sectionsOf(bytes)) {
    if (id !== IMPORT && id !== EXPORT) continue;
    for (let at = bytes.indexOf("wasj:", from); at >= 0 && at < to; at = bytes.indexOf("wasj:", at)) bytes.write("wasi:", at);
  }
  writeFileSync(join(here, "components", `${world}.wasm`), bytes);
}

const IMPORT = 10, EXPORT = 11;

/** The sections of a component, but not those of components inside it. */
function* sectionsOf(bytes) {
  for (let at = 8; at < bytes.length;) {
    const id = bytes[at++];
    let size = 0, shift = 0, byte;
    do {
      byte = bytes[at++];
      size += (byte & 127) * 2 ** shift;
      shift += 7;
    } while (byte & 128);
    yield { id, from: at, to: at + size };
    at += size;
  }
}

mkdirSync(scratch, { recursive: true });
mkdirSync(join(here, "components"), { recursive: true });
if (!existsSync(join(scratch, "node_modules", ".bin", "jco"))) run("npm", "install", "--prefix", scratch, "--no-audit", "--no-fund", ...packages);
const wit = witText();

for (const world of ["records", "printer", "mailer"]) await buildC(world);
await buildWat("anonymizer");
await buildAssemblyScript("analytics", {
  add: "clinic:analytics/stats#add",
  byDiagnosis: "clinic:analytics/stats#by-diagnosis",
  done: ["cabi_post_clinic:analytics/stats#add", "cabi_post_clinic:analytics/stats#by-diagnosis"],
});
await buildAssemblyScript("registry", { submit: "clinic:registry/cases#submit" });
await buildAssemblyScript("letters", { render: "tinytext:templates/render@1.4.2#render" });
buildJavaScript("gateway");
