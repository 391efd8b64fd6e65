// The event stream format as the standard has it (WHATWG HTML §9.2.6), as far as a server's output needs.

export interface StreamEvent {
  /** The last id seen; "" before the first. */
  readonly id: string;
  readonly data: string;
}

export interface Parser {
  feed(text: string): void;
}

export function createParser(onEvent: (event: StreamEvent) => void): Parser {
  let rest = "";
  let id = "";
  let data: string[] = [];
  const line = (text: string): void => {
    if (text === "") {
      if (data.length > 0) onEvent({ id, data: data.join("\n") });
      data = [];
      return;
    }
    const [, field = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(text) ?? [];
    if (field === "data") data.push(value);
    if (field === "id") id = value;
  };
  return {
    feed(text) {
      const lines = (rest + text).split(/\r\n|\r|\n/);
      rest = lines.pop() ?? "";
      lines.forEach(line);
    },
  };
}
