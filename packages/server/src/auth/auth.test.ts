import { FakeClock } from "@heddle/base/fakes";
import type { Authenticator, Peer } from "@heddle/hub/ports";
import { describe, expect, it } from "vitest";
import type { Logger } from "../logger.ts";
import { dangerouslyAllowAnonymous, resolveAuth, type Auth } from "./auth.ts";

const peer: Peer = { address: "127.0.0.1", transport: "websocket" };

function opened(auth: Auth): { clock: FakeClock; authenticator: Authenticator; errors: object[] } {
  const clock = new FakeClock();
  const errors: object[] = [];
  const quiet = (): void => {};
  const logger: Logger = { debug: quiet, info: quiet, warn: quiet, error: (details) => void errors.push(details) };
  return { clock, authenticator: resolveAuth(auth).open({ clock, logger }), errors };
}

describe("an auth function", () => {
  it("gives user, claims and expiry", async () => {
    const { clock, authenticator } = opened(async (token) => ({
      user: `u-${token}`,
      claims: { a: 1 },
      expiresAtMs: 2e12,
    }));
    expect(clock.wallMs()).toBeLessThan(2e12);
    const result = await authenticator.authenticate("t", peer);
    expect(result).toEqual({ is: "accepted", identity: { userId: "u-t", claims: { a: 1 }, expiresAtMs: 2e12 } });
  });

  it("refuses with null: no token is required, a bad one invalid", async () => {
    const { authenticator } = opened(() => null);
    expect(await authenticator.authenticate(undefined, peer)).toEqual({ is: "refused", why: "required" });
    expect(await authenticator.authenticate("t", peer)).toEqual({ is: "refused", why: "invalid" });
  });

  it("cannot give a time that has passed, nor a user id nobody could be addressed by", async () => {
    const late = opened(() => ({ user: "u", expiresAtMs: 1 }));
    expect(await late.authenticator.authenticate("t", peer)).toEqual({ is: "refused", why: "expired" });
    for (const user of ["", "x".repeat(300), "é".repeat(60), "half a pair \ud800"]) {
      const { authenticator, errors } = opened(() => ({ user }));
      expect(await authenticator.authenticate("t", peer)).toEqual({ is: "refused", why: "invalid" });
      expect(errors).toHaveLength(1);
    }
  });

  it("is logged when it throws, and the throw says that nothing can be decided now", async () => {
    const { authenticator, errors } = opened(() => {
      throw new Error("database down");
    });
    await expect(authenticator.authenticate("t", peer)).rejects.toThrow("database down");
    expect(errors).toHaveLength(1);
  });

  it("does not open channels to anonymous sessions it lets in", () => {
    expect(resolveAuth(() => ({})).opensChannelsToAnonymous).toBe(false);
  });
});

describe("dangerouslyAllowAnonymous", () => {
  it("lets clients without a token in, and refuses tokens nobody can check", async () => {
    const { authenticator } = opened(dangerouslyAllowAnonymous());
    const result = await authenticator.authenticate(undefined, peer);
    expect(result).toEqual({ is: "accepted", identity: { userId: undefined, claims: {}, expiresAtMs: undefined } });
    expect(await authenticator.authenticate("t", peer)).toEqual({ is: "refused", why: "invalid" });
  });

  it("leaves tokens to the other way when there is one", async () => {
    const { authenticator } = opened(dangerouslyAllowAnonymous((token) => (token === "good" ? { user: "u1" } : null)));
    expect(await authenticator.authenticate("good", peer)).toMatchObject({ identity: { userId: "u1" } });
    expect(await authenticator.authenticate("bad", peer)).toEqual({ is: "refused", why: "invalid" });
    expect(await authenticator.authenticate(undefined, peer)).toMatchObject({ is: "accepted" });
  });
});

describe("the option auth", () => {
  it.each([undefined, null, true, {}])("refuses %o: a server says who may connect", (auth) => {
    expect(() => resolveAuth(auth as unknown as Auth)).toThrow(/^auth: .* given, jwt\(…\), a function, or/);
  });
});
