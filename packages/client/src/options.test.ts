import { describe, expect, it } from "vitest";
import { wireLimits } from "@heddle/protocol";
import { rememberedIdCount } from "./channel/delivery.ts";
import { helloSubsCount } from "./channel/channels.ts";
import { presenceListCount } from "./channel/presence.ts";
import { pingGraceMs, probeMs } from "./connection/heartbeat.ts";
import { ackMs } from "./connection/receipts.ts";
import { clientLimits, resolveLimits, type ClientLimits } from "./options.ts";
import { callMs } from "./requests/requests.ts";
import { dedupMarginMs, frameLength } from "./requests/sender.ts";

describe("limits", () => {
  it("are those of the protocol's table, which the bundle does not carry", () => {
    expect({
      ...clientLimits,
      rememberedIdCount,
      subscriptionCount: helloSubsCount,
      presenceListCount,
      pingGraceMs,
      probeMs,
      ackMs,
      frameBytes: frameLength,
      callMs,
      dedupMarginMs,
    }).toMatchObject({
      windowCost: wireLimits.windowCost,
      outboxCount: wireLimits.outboxCount,
      outboxBytes: wireLimits.outboxBytes,
      holdBytes: wireLimits.holdBytes,
      connectMs: wireLimits.connectMs,
      backoffMinMs: wireLimits.backoffMinMs,
      backoffMaxMs: wireLimits.backoffMaxMs,
      attemptsPerMinuteCount: wireLimits.attemptsPerMinuteCount,
      rememberedIdCount: wireLimits.rememberedIdCount,
      subscriptionCount: wireLimits.subscriptionCount,
      presenceListCount: wireLimits.presenceListCount,
      pingGraceMs: wireLimits.pingGraceMs,
      probeMs: wireLimits.probeMs,
      ackMs: wireLimits.ackMs,
      frameBytes: wireLimits.frameBytes,
      callMs: wireLimits.callMs,
      dedupMarginMs: wireLimits.dedupMarginMs,
    });
  });

  it.each(Object.entries(clientLimits))("let %s be between a hundredth and a hundredfold of %i", (name, usual) => {
    for (const value of [usual / 100, usual * 100])
      expect(resolveLimits({ [name]: value }, clientLimits)).toMatchObject({ [name]: value });
    for (const value of [usual / 101, usual * 101, NaN]) {
      expect(() => resolveLimits({ [name]: value }, clientLimits)).toThrow(
        `${name}: ${value}, not ${usual / 100} to ${usual * 100}`,
      );
    }
  });

  it("leave alone what is no limit", () => {
    const given: Partial<ClientLimits> = { outboxCount: 50 };
    expect(resolveLimits(given, clientLimits)).toEqual({ ...clientLimits, outboxCount: 50 });
  });
});
