import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { deviceTransitions, type DeviceEvent, type DeviceState } from "./states.ts";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const table = readme.split("### What the page tells")[1]?.split("\n\n")[1] ?? "";
const [head = [], , ...rows] = table.split("\n").map((line) =>
  line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.replaceAll("`", "").trim()),
);
const states = head.slice(1) as DeviceState[];

describe("a device's states", () => {
  it("are all in the README's table, and so are the events that change something", () => {
    expect(states).toEqual(Object.keys(deviceTransitions));
    const events = new Set(Object.values(deviceTransitions).flatMap((steps) => Object.keys(steps)));
    expect(rows.map(([event]) => event).sort()).toEqual([...events, "offline"].sort());
  });

  it.each(rows)("change on %s as the README says, in every cell", (event, ...cells) => {
    const steps = states.map((state) => deviceTransitions[state][event as DeviceEvent]);
    expect(cells).toEqual(steps.map((step) => step?.filter((word) => word !== undefined).join(", ") ?? ""));
  });
});
