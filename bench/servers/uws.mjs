// uWebSockets.js 20.30 (unofficial build of 2023): app.publish to one topic, compression off. Echoes what it is sent.

process.on("warning", (warning) => refuse(String(warning.message)));
const warn = console.warn;
console.warn = (...words) =>
  /fallback|falling back/i.test(words.join(" ")) ? refuse(words.join(" ")) : warn(...words);

const { serveCommands, text64 } = await import("../lib/serve-commands.mjs");
const { default: uws } = await import("@trufflesuite/uws-js-unofficial");
if (process.env.UWS_USE_FALLBACK) refuse("UWS_USE_FALLBACK is set");
if (!Number.isInteger(uws.SHARED_COMPRESSOR)) refuse("the native module did not load");

const app = uws.App();
app.ws("/*", {
  compression: uws.DISABLED,
  idleTimeout: 0,
  open: (socket) => void socket.subscribe("all"),
  message: (socket, message, isBinary) => void socket.send(message, isBinary), // for the echo
});
app.listen("127.0.0.1", 0, (listening) => {
  const port = uws.us_socket_local_port(listening);
  serveCommands(() => app.publish("all", text64, false), {
    port,
    path: "/",
    setUp: "app.publish, 20.30 unofficial build, no compression",
    marker: "xxxx",
  });
});

/** On a runtime without a native build this package becomes ws with only a warning: then there is nothing to compare. */
function refuse(why) {
  console.error(`uws: not measured: ${why}`);
  process.exit(3);
}
