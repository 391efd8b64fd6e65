// socketio/socket.io#4534: what a client does over hours can be tested in milliseconds, because every one of its clocks is
// one that is given to it; and its own tests are written that way.

import { readdirSync, readFileSync } from "node:fs";
import { FakeClock, SeededRandom } from "@heddle/base/fakes";
import { clientLimits, createClientCore, type Transport } from "@heddle/client/core";
import { describe, expect, it } from "vitest";

const sources = new URL("../../../packages/client/src/", import.meta.url).pathname;
const read = (file: string): string => readFileSync(`${sources}${file}`, "utf8");
const files = readdirSync(sources, { recursive: true, encoding: "utf8" });
const tests = files.filter((file) => /(?<!\.types)\.test\.ts$/.test(file));

/** Whatever would make a test wait for, or ask, the machine's time. */
const realTime =
  /\b(?:setTimeout|setInterval|setImmediate|Date\.now|new Date\(\)|performance\.now|hrtime|systemClock|useFakeTimers)\b/;

describe("socketio/socket.io#4534: the whole client suite runs under virtual time", () => {
  it("finds real time where there is some", () => {
    expect(realTime.test("await new Promise((done) => setTimeout(done, 5))")).toBe(true);
    expect(realTime.test("clock.after(5, done)")).toBe(false);
  });

  it("→ no test of the client, and nothing that helps one, touches a real timer or clock", () => {
    const helpers = files.filter((file) => /^testing\/.*\.ts$/.test(file));
    expect(tests.length).toBeGreaterThanOrEqual(10);
    expect([...tests, ...helpers].filter((file) => realTime.test(read(file)))).toEqual([]);
  });

  it("→ every test that makes a client gives it a fake clock", () => {
    const makers = tests.filter((file) =>
      /\b(?:createClientCore|createClient|start|ScriptedServer)\b.*\(/.test(read(file)),
    );
    const clockless = makers.filter((file) => !/FakeClock|scripted-server/.test(read(file)));
    expect(clockless.filter((file) => file !== "options.test.ts")).toEqual([]); // its clients never begin
  });
});

describe("a client whose server is away for a day", () => {
  it("→ tries again within its limits all day, in no time, and comes back with what it has to say", async () => {
    const clock = new FakeClock();
    const attempts: number[] = [];
    let isThere = false;
    const said: string[] = [];
    const transport: Transport = {
      name: "away",
      open(handlers) {
        attempts.push(clock.monotonicMs());
        clock.after(1, () => (isThere ? handlers.opened() : handlers.closed(1006, "refused")));
        return { send: (text) => void said.push(text), close: () => {} };
      },
    };
    const client = createClientCore({ clock, random: new SeededRandom(1), transport });
    const waiting = client
      .channel("room/1")
      .publish("message", "still here")
      .catch(() => undefined);
    const dayMs = 86_400_000;
    await clock.advanceAsync(dayMs);
    expect(client.state.name).toMatch(/waiting|connecting/);
    expect(attempts.length).toBeGreaterThan(dayMs / clientLimits.backoffMaxMs);
    for (const [index, atMs] of attempts.entries()) {
      const beforeMs = attempts[index - clientLimits.attemptsPerMinuteCount] ?? -Infinity;
      expect(atMs - beforeMs).toBeGreaterThanOrEqual(60_000);
    }
    isThere = true;
    await clock.advanceAsync(clientLimits.backoffMaxMs);
    expect(said.some((text) => text.includes('"t":"hello"'))).toBe(true);
    expect(client.stats.outboxCount).toBe(1);
    const closing = client.close();
    await clock.advanceAsync(clientLimits.connectMs);
    await closing;
    await waiting;
  });
});
