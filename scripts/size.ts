// `npm run size`: what the browser client weighs in an application's bundle, and what must not be in it.
//
//   npm run size            prints a table; fails above the budget
//   npm run size -- --json  prints one JSON object
import { gzipSync } from "node:zlib";
import { build, minify } from "vite";
import { fail, Plain } from "./lib/output.mjs";
import { root } from "./lib/run.mjs";

/** What the smallest entry should weigh, minified and compressed. Bytes. */
const gzipBytesGoal = 8_192;
/** What it may weigh until the goal is met: no release makes it heavier than this. Bytes. */
const gzipBytesMax = 8_800;

interface Size {
  readonly entry: string;
  readonly minifiedBytes: number;
  readonly gzipBytes: number;
  readonly gzipBytesMax: number;
  /** Files of the bundle, relative to the root. */
  readonly modules: readonly string[];
}

/** Bundles the entry as an application does that calls `createClient` and nothing else. */
async function measure(entry: string): Promise<Size> {
  const start = `${root}heddle-size-start.js`;
  const built = await build({
    root,
    configFile: false,
    logLevel: "error",
    plugins: [
      {
        name: "start",
        resolveId: (id) => (id === start ? start : undefined),
        load: (id) => (id === start ? `export { createClient } from ${JSON.stringify(entry)};` : undefined),
      },
    ],
    build: { write: false, minify: true, target: "es2022", lib: { entry: start, formats: ["es"] } },
  });
  const outputs = (Array.isArray(built) ? built : [built]).flatMap((each) => ("output" in each ? each.output : []));
  const chunks = outputs.flatMap((each) => (each.type === "chunk" ? [each] : []));
  // The library mode keeps white space in ES modules; an application's build does not, so it is minified here.
  const code = await squeeze(chunks.map((chunk) => chunk.code).join("\n"));
  return {
    entry,
    minifiedBytes: Buffer.byteLength(code),
    gzipBytes: gzipSync(code, { level: 9 }).byteLength,
    gzipBytesMax,
    modules: chunks
      .flatMap((chunk) => Object.keys(chunk.modules))
      .filter((id) => id !== start)
      .map((id) => id.replace(root, "")),
  };
}

async function squeeze(code: string): Promise<string> {
  const { code: small } = await minify("client.js", code, { module: true, compress: true, mangle: true });
  return small;
}

try {
  const size = await measure("@heddle/client/websocket");
  if (process.argv.includes("--json")) console.log(JSON.stringify(size));
  else {
    console.log(`${size.entry}: ${size.minifiedBytes} bytes minified, ${size.gzipBytes} with gzip`);
    console.log(
      `${size.modules.length} modules; at most ${gzipBytesMax} bytes with gzip, the goal is ${gzipBytesGoal}`,
    );
    if (size.gzipBytes > gzipBytesGoal) console.log(`${size.gzipBytes - gzipBytesGoal} bytes over the goal`);
  }
  if (size.gzipBytes > gzipBytesMax)
    throw new Plain(`The client is ${size.gzipBytes - gzipBytesMax} bytes over its budget.`);
} catch (cause) {
  fail(cause);
}
