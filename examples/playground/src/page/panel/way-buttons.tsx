// How the connection reaches the server, and the choice. A change ends the link; the client resumes over the next one.

import type { Connection } from "../connection.ts";
import { wayWords, type Way } from "../ways.ts";

export function WayButtons({ connection }: { readonly connection: Connection }) {
  void connection.beat.value;
  const { name, why } = connection.transport;
  const isOnline = connection.isOnline.value;
  return (
    <section class="panel-part" aria-labelledby="way-title">
      <h3 id="way-title">Transport</h3>
      <fieldset class="choice">
        <legend class="unseen">Transport</legend>
        {(Object.keys(wayWords) as Way[]).map((way) => (
          <label key={way}>
            <input
              type="radio"
              name="way"
              checked={connection.way.value === way}
              onChange={() => connection.choose(way)}
            />
            <span>{wayWords[way]}</span>
          </label>
        ))}
      </fieldset>
      <p class="fault-note soft" role="status" data-testid="transport" data-transport={isOnline ? name : undefined}>
        {isOnline ? "In use: " : "Trying: "}
        <span class="mono">{name}</span>
        {` (${why ?? "the first choice works"})`}
      </p>
    </section>
  );
}
