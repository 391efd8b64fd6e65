import { describe, expect, it } from "vitest";
import { ChannelRates } from "./channel-rates.ts";

describe("the rates of channels", () => {
  it("forget channels that owe nothing, so that names without end fill nothing", () => {
    const rates = new ChannelRates({ channelPublishesPerSecond: 10, channelPublishesBurst: 10 });
    for (let n = 0; n < 100_000; n++) rates.refusalMs(`room/${n}`, n);
    expect(rates.count).toBeLessThan(2_500);
  });

  it("do not forget a channel that owes", () => {
    const rates = new ChannelRates({ channelPublishesPerSecond: 1, channelPublishesBurst: 5 });
    for (let n = 0; n < 5; n++) expect(rates.refusalMs("busy", 0)).toBe(0);
    for (let n = 0; n < 5_000; n++) rates.refusalMs(`room/${n}`, 500);
    expect([rates.refusalMs("busy", 500), rates.refusalMs("busy", 500)]).toEqual([0, 1_500]);
  });
});
