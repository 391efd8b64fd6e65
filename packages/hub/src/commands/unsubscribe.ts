// Ending a subscription at the client's wish.

import type { UnsubFrame } from "@heddle/protocol";
import type { Session } from "../session/session.ts";

export function unsubscribe(session: Session, { r, ch }: UnsubFrame): void {
  session.subscriptions.order.run(ch, async () => {
    const subscription = session.subscriptions.get(ch);
    if (subscription === undefined) return session.refuse(r, "notSubscribed", { why: ch.slice(0, 80) });
    if (subscription.isImplicit) return session.refuse(r, "unknownName", { why: `${ch} is given by the server` });
    session.subscriptions.remove(subscription);
    session.node.channels.settle(subscription.channel);
    session.ok(r);
  });
}
