// The MessagePack codec of a client: the JSON text of frames, which is what a client speaks inside, to bytes and back.

import { clientFrameShapes, type ClientFrame } from "../client-frames.ts";
import { parseServerFrame, serverFrameShapes } from "../server-frames.ts";
import { messagePackSubprotocol } from "./codec.ts";
import { frameNames } from "./frame-names.ts";
import { MessagePackError, MessagePackReader } from "./reader.ts";
import { MessagePackWriter } from "./writer.ts";

const nameOf = frameNames(serverFrameShapes);

/** One frame of a server. */
export interface FrameText {
  /** The frame as JSON text. */
  readonly text: string;
  /** What it costs in flow control: its bytes. */
  readonly cost: number;
}

export const messagePackClientCodec = {
  subprotocol: messagePackSubprotocol,

  /** @param text  frames of a client, separated by "\n" */
  encode(text: string): Uint8Array {
    const writer = new MessagePackWriter(text.length + 16);
    for (const line of text.split("\n")) {
      const frame = JSON.parse(line) as ClientFrame;
      writer.array(2);
      writer.number(clientFrameShapes[frame.t].number);
      writer.fields(frame, "t");
    }
    return writer.finish();
  },

  /**
   * The frames of one message, checked for their shape.
   *
   * @throws {MessagePackError}
   */
  decode(message: Uint8Array): readonly FrameText[] {
    const reader = new MessagePackReader(message);
    const frames: FrameText[] = [];
    while (!reader.isAtEnd) {
      const from = reader.at;
      const value = reader.frame(nameOf);
      const type = value["t"] as string;
      if (parseServerFrame(value) === "bad" && !type.startsWith("!"))
        throw new MessagePackError("not-a-frame", `${type}: a key is missing or of the wrong type`);
      frames.push({ text: JSON.stringify(value), cost: reader.at - from });
    }
    return frames;
  },
};
