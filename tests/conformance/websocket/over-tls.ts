import { createServer, type Server } from "node:https";
import { createWebSocketServer, dial, type WebSocketConnection } from "@heddle/websocket";
import { echo } from "./echo-server.ts";

export function startOverTls(port: number, cert: string, key: string): Server {
  const https = createServer({ cert, key, minVersion: "TLSv1.3" }); // any option of Node's
  createWebSocketServer({ path: "/echo", onConnection: echo }).attach(https);
  return https.listen(port);
}

/** @param ca  a private authority's certificate; without it, those that Node trusts */
export async function dialOverTls(url: string, ca: string): Promise<WebSocketConnection> {
  return await dial(url, { tls: { ca } });
}
