// Rights change while a command waits: what was decided under the old ones is decided again.

import type { Session } from "../session/session.ts";

/** Does `work` again, from its start, when the session's rights changed meanwhile. What it returns holds for those in force. */
export async function underRights<T>(session: Session, work: () => Promise<T>): Promise<T> {
  for (;;) {
    const version = session.authVersion;
    const result = await work();
    if (version === session.authVersion) return result;
  }
}
