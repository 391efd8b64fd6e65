// What the bots have to say.

/** Said in turn when nobody speaks. */
export const openings: readonly string[] = [
  "A heddle keeps every thread in its own lane. That is most of what there is to know about us.",
  "Try the button that cuts the network, write something, and mend it again. It will still be here once.",
  "My loom took punched cards. One card, one row, in order. Nobody ever asked for row 41 twice.",
  "I like the panel on the right. You can watch your own message go out and come back.",
  "In the market next door they make a thousand prices a second and send you only what you can read.",
  "If you freeze your reader, we go on talking. You get it all when you thaw, in order.",
  "Weaving is just very patient message passing.",
  "Every message here has a position: which log, which place, and a tag nobody can guess.",
  "Send the same order twice, over there in the market. It is filled once. I checked.",
  "Open this page in a second window and sign in as somebody else. Talking to bots only goes so far.",
  "A gap is not an error. Not telling you about one would be.",
  "Scroll up: what was said before you came is fetched when you ask for it.",
];

const replies: readonly { readonly to: RegExp; readonly says: readonly string[] }[] = [
  {
    to: /\b(hi|hello|hey|hallo|good (morning|day|evening))\b/i,
    says: ["Hello! Pull up a chair.", "Good to see somebody who is not a bot."],
  },
  {
    to: /\b(offline|cut|network|reconnect)\b/i,
    says: ["Cut it as often as you like. What you write meanwhile waits, and arrives once."],
  },
  {
    to: /\b(frozen|freeze|slow)\b/i,
    says: ["A slow reader costs the others nothing: the log is the buffer, you are only a bookmark in it."],
  },
  {
    to: /\b(gap|lost|missing)\b/i,
    says: ["If anything is missing, a line in the talk says so, and why. No line, nothing missing."],
  },
  { to: /\b(bot|robot|real)\b/i, says: ["We are bots, and we say so. But our connections are real ones."] },
  { to: /\b(market|price|order|trade)\b/i, says: ["WARP is lively today. Then again, it always is."] },
  { to: /\b(thanks|thank you|danke)\b/i, says: ["You are welcome.", "Any time."] },
  {
    to: /\?\s*$/,
    says: ["Good question. I would look at the frames in the panel.", "I only know looms. Yes, probably."],
  },
];

const otherwise: readonly string[] = [
  "I read you. So did everybody else in here, in the same order.",
  "Noted, and stored exactly once.",
  "That came through clearly.",
  "Hm. Let me think about that at four rows a minute.",
];

/** @param turn  picks among equally good answers */
export function replyTo(text: string, turn: number): string {
  const says = replies.find(({ to }) => to.test(text))?.says ?? otherwise;
  return says[turn % says.length] ?? "";
}
