import { describe, expect, it } from "vitest";
import type { TokenRequest } from "../options.ts";
import { Scene, welcome } from "../testing/scripted-server.ts";

/** A token source that says what it was asked, and gives `token-1`, `token-2`, … */
function source(): { readonly reasons: string[]; token: (request: TokenRequest) => string | Promise<string> } {
  const reasons: string[] = [];
  return {
    reasons,
    token: ({ reason }) => {
      reasons.push(reason);
      return `token-${reasons.length}`;
    },
  };
}

const expiresIn = (ms: number): { readonly exp: number } => ({ exp: (welcome.now + ms) / 1_000 });

describe("a token", () => {
  it("is asked for before the first connection and kept for the next", async () => {
    const { reasons, token } = source();
    const scene = new Scene({ token });
    scene.client.connect();
    expect((await scene.welcomed()).k).toBe("token-1");
    expect((await scene.reconnect()).k).toBe("token-1");
    expect(reasons).toEqual(["connect"]);
  });

  it("that is refused is asked for once more; a second refusal ends the client", async () => {
    const { reasons, token } = source();
    const scene = new Scene({ token });
    scene.client.connect();
    await scene.greeted();
    scene.link.bye(4101);
    expect(scene.client.state).toMatchObject({ name: "waiting", code: 4101 });
    await scene.nextAttempt();
    expect((await scene.greeted()).k).toBe("token-2");
    scene.link.bye(4101);
    expect(scene.client.state).toMatchObject({ name: "closed", code: 4101 });
    expect(reasons).toEqual(["connect", "refused"]);
  });

  it("that was fetched after a refusal and never presented is not kept: it may have run out meanwhile", async () => {
    const { reasons, token } = source();
    const scene = new Scene({ token });
    scene.client.connect();
    await scene.greeted();
    scene.link.bye(4101);
    await scene.nextAttempt();
    scene.link.drop(); // the network is gone again before anybody saw the second token
    await scene.nextAttempt();
    expect((await scene.greeted()).k).toBe("token-3");
    expect(reasons).toEqual(["connect", "refused", "refused"]);
  });

  it("may be refused again after one was taken", async () => {
    const { token } = source();
    const scene = new Scene({ token });
    scene.client.connect();
    for (let round = 0; round < 3; round++) {
      await scene.welcomed();
      scene.link.bye(4100);
      expect(scene.client.state.name).toBe("waiting");
      await scene.nextAttempt();
    }
    expect((await scene.greeted()).k).toBe("token-4");
  });

  it("is asked for only when the wait after a revocation is over", async () => {
    const { reasons, token } = source();
    const scene = new Scene({ token });
    scene.client.connect();
    await scene.welcomed();
    scene.link.bye(4102, { after: 10_000 });
    await scene.clock.advanceAsync(9_999);
    expect(reasons).toEqual(["connect"]);
    await scene.clock.advanceAsync(1);
    expect(reasons).toEqual(["connect", "refused"]);
  });

  it("may fail to come for as long as it likes", async () => {
    let isDown = true;
    const scene = new Scene({ token: () => (isDown ? Promise.reject(new Error("endpoint down")) : "late") });
    scene.client.connect();
    await scene.clock.advanceAsync(600_000);
    expect(scene.links).toHaveLength(0);
    expect(["waiting", "connecting"]).toContain(scene.client.state.name);
    isDown = false;
    await scene.nextAttempt();
    expect((await scene.welcomed()).k).toBe("late");
  });

  it("that is slow is asked for once, and used by the attempt that waits when it comes", async () => {
    let asked = 0;
    let give = (_: string): void => undefined;
    const scene = new Scene({
      token: () => {
        asked++;
        return new Promise<string>((resolve) => {
          give = resolve;
        });
      },
    });
    scene.client.connect();
    await scene.clock.advanceAsync(25_000);
    expect(scene.links).toHaveLength(0);
    give("slow");
    if (scene.client.state.name === "waiting") await scene.nextAttempt();
    expect((await scene.welcomed()).k).toBe("slow");
    expect(asked).toBe(1);
  });

  it("is renewed on the connection at about four fifths of its life", async () => {
    const { reasons, token } = source();
    const scene = new Scene({ token });
    scene.client.connect();
    await scene.welcomed({ ...expiresIn(900_000), ping: 2_000_000 });
    await scene.clock.advanceAsync(674_000);
    expect(reasons).toEqual(["connect"]);
    await scene.clock.advanceAsync(92_000);
    expect(reasons).toEqual(["connect", "expiring"]);
    const auth = scene.link.last("auth");
    expect(auth.k).toBe("token-2");
    await scene.says({ t: "ok", r: auth.r, exp: (welcome.now + 1_700_000) / 1_000 });
    await scene.clock.advanceAsync(300_000);
    expect(reasons).toHaveLength(2);
    expect((await scene.reconnect()).k).toBe("token-2");
  });

  it("is renewed by the same connection although the source fails for a minute", async () => {
    let isDown = false;
    let askedCount = 0;
    const scene = new Scene({
      token: () => {
        askedCount++;
        return isDown ? Promise.reject(new Error("endpoint down")) : `token-${askedCount}`;
      },
    });
    scene.client.connect();
    await scene.welcomed({ ping: 2_000_000 });
    isDown = true;
    await scene.says({ t: "reauth", exp: 1, why: "soon" });
    await scene.clock.advanceAsync(60_000);
    expect(scene.client.state.name).toBe("online");
    expect(askedCount).toBe(14); // the first token, then every five seconds
    isDown = false;
    await scene.clock.advanceAsync(5_000);
    expect(scene.link.all("auth").map(({ k }) => k)).toEqual(["token-15"]);
    const { r } = scene.link.last("auth");
    await scene.says({ t: "ok", r, exp: (welcome.now + 9_000_000) / 1_000 });
    await scene.clock.advanceAsync(60_000);
    expect(askedCount).toBe(15);
    expect(scene.links).toHaveLength(1);
  });

  it("is renewed when the server asks, again after a failing source, and twice when refused", async () => {
    const reasons: string[] = [];
    const scene = new Scene({
      token: ({ reason }) => {
        reasons.push(reason);
        if (reasons.length === 2) return Promise.reject(new Error("endpoint down"));
        return `token-${reasons.length}`;
      },
    });
    scene.client.connect();
    await scene.welcomed();
    await scene.says({ t: "reauth", exp: 1, why: "soon" });
    expect(reasons).toEqual(["connect", "expiring"]);
    await scene.clock.advanceAsync(5_000);
    expect(reasons).toEqual(["connect", "expiring", "expiring"]);
    const refuse = (): Promise<void> =>
      scene.says({ t: "err", r: scene.link.last("auth").r, code: 202, name: "token_invalid" });
    await refuse();
    expect(reasons).toEqual(["connect", "expiring", "expiring", "refused"]);
    await refuse();
    expect(reasons).toHaveLength(4);
    expect(scene.link.all("auth").map(({ k }) => k)).toEqual(["token-3", "token-4"]);
    expect(scene.client.state.name).toBe("online");
  });

  it("that ran out while the machine slept is replaced before the next hello", async () => {
    const { reasons, token } = source();
    const scene = new Scene({ token });
    scene.client.connect();
    await scene.welcomed(expiresIn(900_000));
    scene.clock.jumpWall(1_000_000); // asleep: timers and the monotonic clock stood still
    expect((await scene.reconnect()).k).toBe("token-2");
    expect(reasons).toEqual(["connect", "expiring"]);
  });

  it("is never needed without a source", async () => {
    const scene = await Scene.online({}, expiresIn(60_000));
    await scene.says({ t: "reauth", exp: 1, why: "soon" });
    expect(scene.link.all("auth")).toEqual([]);
    expect((await scene.reconnect()).k).toBeUndefined();
  });
});
