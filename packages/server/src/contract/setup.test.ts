import { describe, expect, it } from "vitest";
import { Setup } from "./setup.ts";

const actions: readonly (readonly [string, (setup: Setup) => void])[] = [
  ["authorize", (setup) => setup.setAuthorize("room", () => true)],
  ["on", (setup) => setup.setHook("room", "message", () => undefined)],
  ["memberBy", (setup) => setup.setMemberBy("room", "user")],
  ["snapshot", (setup) => setup.setSnapshot("room", { shared: true, load: () => 1 })],
  ["call", (setup) => setup.setCallHandler("add", () => 1)],
];

describe("the set-up", () => {
  it.each(actions)("takes one %s of each kind", (_name, act) => {
    const setup = new Setup();
    act(setup);
    expect(() => act(setup)).toThrow(expect.objectContaining({ code: "already-set" }));
  });

  it.each(actions)("takes no %s after the start", (_name, act) => {
    const setup = new Setup();
    setup.start([]);
    expect(() => act(setup)).toThrow(expect.objectContaining({ code: "already-started" }));
  });

  it("keeps what was said apart by channel and event", () => {
    const setup = new Setup();
    setup.setHook("room", "message", () => "a");
    setup.setHook("room", "typing", () => "b");
    setup.setHook("hall", "message", () => "c");
    expect([...setup.channel("room").hooks.keys()]).toEqual(["message", "typing"]);
    expect(setup.channel("hall").hooks.size).toBe(1);
    expect(setup.channel("attic").authorize).toBeUndefined();
  });

  it("does not start while a call has no handler, and names all of them", () => {
    const setup = new Setup();
    setup.setCallHandler("add", () => 1);
    const start = (): void => setup.start(["add", "drop", "move"]);
    expect(start).toThrow(/server\.call\("drop", …\), server\.call\("move", …\)$/);
    expect(start).toThrow(expect.objectContaining({ code: "handlers-missing" }));
    setup.setCallHandler("drop", () => 1);
    setup.setCallHandler("move", () => 1);
    start();
    start(); // a second attach
  });
});
