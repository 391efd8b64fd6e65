// Entry `@heddle/protocol/msgpack`: frames as MessagePack, for either side.

export { messagePackClientCodec, type FrameText } from "./client-codec.ts";
export { messagePackCodec, messagePackSubprotocol } from "./codec.ts";
export { MessagePackError } from "./reader.ts";
