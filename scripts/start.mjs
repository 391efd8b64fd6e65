// `npm start`: sets up what is missing, then serves the playground in this very process. The script in package.json hands its shell
// over with `exec`, so that Ctrl-C and signals reach the server and its exit code reaches the caller.
import { fail } from "./lib/output.mjs";
import { setup } from "./setup.mjs";

try {
  await setup();
} catch (cause) {
  fail(cause);
}
await import(new URL("../examples/playground/dist/server/main.js", import.meta.url).href);
