// `npm run setup`: makes a fresh clone ready, and a ready one again in a moment. Plain Node: nothing is installed yet.
//
//   --install-only   dependencies, no build (what `npm run check` needs)
//   --system         Debian packages for the tests with browsers, Redis, balancers and other libraries too (`npm run setup:system`)
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { complainAboutNode } from "./lib/node-range.mjs";
import { fail, Plain } from "./lib/output.mjs";
import { root } from "./lib/run.mjs";
import { build } from "./setup/build.mjs";
import { exclusively } from "./setup/exclusive.mjs";
import { install } from "./setup/install.mjs";
import { setupSystem } from "./setup/system.mjs";

/**
 * Brings dependencies and builds up to date. Safe to run again, and while another one runs.
 *
 * @param {{ installOnly?: boolean }} [options]
 * @throws {Plain} one sentence for a person: wrong Node, no npm, no right to write, a build that fails
 */
export async function setup(options = {}) {
  const complaint = complainAboutNode(process.versions.node);
  if (complaint !== undefined) throw new Plain(complaint);
  await exclusively(join(root, ".setup", "lock"), async () => {
    await install(root);
    if (options.installOnly !== true) await build(root);
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const flags = process.argv.slice(2);
  const known = new Set(["--install-only", "--system"]);
  try {
    const unknown = flags.find((flag) => !known.has(flag));
    if (unknown !== undefined) throw new Plain(`Unknown option ${unknown}; known are ${[...known].join(" and ")}.`);
    if (flags.includes("--system")) await setupSystem({ mayInstall: true });
    await setup({ installOnly: flags.includes("--install-only") });
  } catch (cause) {
    fail(cause);
  }
}
