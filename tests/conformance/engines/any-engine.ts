import { systemClock, systemRandom } from "@heddle/base/system";
import { memoryEngine } from "@heddle/hub/memory";
import { engineConformance } from "@heddle/testkit/conformance";

/** Every check as a title and a function; hand them to `it` or `test` of any runner. */
export const cases = engineConformance({
  create: async () => ({ engine: memoryEngine(), dispose: async () => undefined }),
  clock: systemClock(),
  random: systemRandom(),
  lacks: { restart: "memory ends with its process", peer: "a memory of one's own is shared with nobody" },
});
