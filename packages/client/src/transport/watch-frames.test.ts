import { describe, expect, it } from "vitest";
import { Scene } from "../testing/scripted-server.ts";
import type { Transport } from "./transport.ts";
import { watchFrames } from "./watch-frames.ts";

describe("frames that are watched", () => {
  it("pass both ways, and are shown one by one without tokens and secrets", async () => {
    const passed: string[] = [];
    const transport: Transport = {
      name: "watched",
      open: (handlers) =>
        watchFrames(scene.transport, (direction, text) => void passed.push(`${direction} ${text}`)).open(handlers),
    };
    const scene: Scene = new Scene({ token: () => 'se"cret', transport });
    scene.client.connect();
    await scene.welcomed({ an: "anonymous" });
    expect(scene.client.state.name).toBe("online");
    expect(passed.map((text) => text.slice(0, 12))).toEqual(['out {"t":"he', 'in {"t":"wel']);
    expect(passed.join("")).not.toMatch(/se\\?"cret|n1\.secret|anonymous/);
  });
});
