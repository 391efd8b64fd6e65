import { describe, expect, it } from "vitest";
import { permissionsMax, permittedBy } from "./permitted.ts";

const may = permittedBy();
const ask = (permissions: unknown, action: string, channel: string): boolean =>
  may({ claims: { permissions }, action, channel });

describe("rights in a token", () => {
  it("allow the action on the channel they name, and nothing else", () => {
    const rights = ["subscribe:room/42", "publish:room/42"];
    expect(ask(rights, "subscribe", "room/42")).toBe(true);
    expect(ask(rights, "history", "room/42")).toBe(false);
    expect(ask(rights, "subscribe", "room/421")).toBe(false);
    expect(ask(rights, "subscribe", "room/4")).toBe(false);
  });

  it("reach every channel with a beginning, and every action, where they say so", () => {
    expect(ask(["*:room/*"], "presence.enter", "room/7")).toBe(true);
    expect(ask(["*:room/*"], "subscribe", "board/7")).toBe(false);
    expect(ask(["history:*"], "history", "board/7")).toBe(true);
    expect(ask(["history:ro*m/1"], "history", "room/1")).toBe(false);
  });

  it("may be one text with spaces, in a claim of another name", () => {
    const scope = permittedBy("scope");
    const claims = { scope: "openid subscribe:room/1 publish:room/1", permissions: ["*:*"] };
    expect(scope({ claims, action: "publish", channel: "room/1" })).toBe(true);
    expect(scope({ claims, action: "publish", channel: "room/2" })).toBe(false);
  });

  it.each([[undefined], [null], [true], [{}], [42], [[]], [[null, 7, {}]], [["room/1", ":room/1", ""]]])(
    "allow nothing when the claim is %j",
    (permissions) => expect(ask(permissions, "subscribe", "room/1")).toBe(false),
  );

  it("do not come from the prototype of the claims", () => {
    const inherited = Object.create({ permissions: ["*:*"] }) as Record<string, unknown>;
    expect(may({ claims: inherited, action: "subscribe", channel: "room/1" })).toBe(false);
  });

  it("count up to a number of them", () => {
    const many = [...Array.from({ length: permissionsMax }, (_, index) => `publish:room/${index}`), "*:*"];
    expect(ask(many, "publish", "room/255")).toBe(true);
    expect(ask(many, "subscribe", "room/1")).toBe(false);
    expect(ask(many.join(" "), "subscribe", "room/1")).toBe(false);
  });
});
