// `npm run size`: what the browser client weighs in an application's bundle, and what must not be in it.
//
//   npm run size            prints a line for each composition; fails above a budget
//   npm run size -- --json  prints one JSON array
import { gzipSync } from "node:zlib";
import { build, minify } from "vite";
import { fail, Plain } from "./lib/output.mjs";
import { root } from "./lib/run.mjs";

/** What the smallest entry may weigh, minified and compressed. Bytes. */
const gzipBytesMax = 8_192;
/** What the default entry may weigh. Bytes. */
const wholeGzipBytesMax = 12_288;

const smallest = "@heddle/client/websocket";
const whole = "@heddle/client";

/** What an application may import. The first two have a budget. */
const compositions: readonly Composition[] = [
  { imports: { [smallest]: ["createClient"] }, gzipBytesMax },
  { imports: { [whole]: ["createClient"] }, gzipBytesMax: wholeGzipBytesMax },
  { imports: { [smallest]: ["createClient", "presenceOf"] } },
  { imports: { [smallest]: ["createClient", "historyOf", "historyPageOf"] } },
  { imports: { [smallest]: ["createClient", "onAsk"] } },
  { imports: { [smallest]: ["createClient"], "@heddle/client/outbox": ["openOutbox", "indexedDbStore"] } },
];

interface Composition {
  /** Names by entry. */
  readonly imports: Readonly<Record<string, readonly string[]>>;
  readonly gzipBytesMax?: number;
}

interface Size extends Composition {
  readonly minifiedBytes: number;
  readonly gzipBytes: number;
  /** What is loaded only when it is needed, compressed. */
  readonly laterBytes: number;
  /** Files of the bundle, relative to the root. */
  readonly modules: readonly string[];
}

/** Bundles as an application does that uses these names and nothing else. */
async function measure(composition: Composition): Promise<Size> {
  const start = `${root}heddle-size-start.js`;
  const source = Object.entries(composition.imports)
    .map(([entry, names]) => `export { ${names.join(", ")} } from ${JSON.stringify(entry)};`)
    .join("\n");
  const built = await build({
    root,
    configFile: false,
    logLevel: "error",
    plugins: [
      {
        name: "start",
        resolveId: (id) => (id === start ? start : undefined),
        load: (id) => (id === start ? source : undefined),
      },
    ],
    build: { write: false, minify: true, target: "es2022", lib: { entry: start, formats: ["es"] } },
  });
  const outputs = (Array.isArray(built) ? built : [built]).flatMap((each) => ("output" in each ? each.output : []));
  const chunks = outputs.flatMap((each) => (each.type === "chunk" ? [each] : []));
  // The library mode keeps white space in ES modules; an application's build does not, so it is minified here.
  const first = await squeeze(atFirst(chunks).map((chunk) => chunk.code));
  const all = await squeeze(chunks.map((chunk) => chunk.code));
  return {
    ...composition,
    minifiedBytes: first.length,
    gzipBytes: zipped(first),
    laterBytes: zipped(all) - zipped(first),
    modules: chunks
      .flatMap((chunk) => Object.keys(chunk.modules))
      .filter((id) => id !== start)
      .map((id) => id.replace(root, "")),
  };
}

interface Chunk {
  readonly code: string;
  readonly fileName: string;
  readonly isEntry: boolean;
  readonly imports: readonly string[];
}

/** The chunks that are loaded with the entry; what is imported when it is needed is not among them. */
function atFirst(chunks: readonly Chunk[]): readonly Chunk[] {
  const names = new Set(chunks.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName));
  for (const name of names)
    for (const other of chunks.find((chunk) => chunk.fileName === name)?.imports ?? []) names.add(other);
  return chunks.filter(({ fileName }) => names.has(fileName));
}

/** Each chunk minified for itself, as it is loaded. */
async function squeeze(codes: readonly string[]): Promise<Buffer> {
  const small = await Promise.all(
    codes.map((code) => minify("client.js", code, { module: true, compress: true, mangle: true })),
  );
  return Buffer.from(small.map(({ code }) => code).join("\n"));
}

const zipped = (code: Buffer): number => gzipSync(code, { level: 9 }).byteLength;

function row({ imports, minifiedBytes, gzipBytes, gzipBytesMax: max, laterBytes, modules }: Size): string {
  const what = Object.entries(imports)
    .map(([entry, names]) => `${names.join(", ")} of ${entry}`)
    .join("; ");
  const budget = max === undefined ? "" : ` of at most ${max}`;
  const later = laterBytes ? `, ${laterBytes} more when needed` : "";
  return `${what}: ${gzipBytes} bytes with gzip${budget}${later}, ${minifiedBytes} minified, ${modules.length} modules`;
}

try {
  const sizes: Size[] = [];
  for (const composition of compositions) sizes.push(await measure(composition));
  if (process.argv.includes("--json")) console.log(JSON.stringify(sizes));
  else for (const size of sizes) console.log(row(size));
  for (const { imports, gzipBytes, gzipBytesMax: max = Infinity } of sizes) {
    if (gzipBytes > max) throw new Plain(`${Object.keys(imports).join()} is ${gzipBytes - max} bytes over its budget.`);
  }
} catch (cause) {
  fail(cause);
}
