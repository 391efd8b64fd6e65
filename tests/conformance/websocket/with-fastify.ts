import { fastify, type FastifyInstance } from "fastify";
import { createWebSocketServer } from "@heddle/websocket";
import { echo } from "./echo-server.ts";

export async function startWithFastify(port: number): Promise<FastifyInstance> {
  const app = fastify();
  app.get("/hello", () => "hello");
  const sockets = createWebSocketServer({ path: "/echo", onConnection: echo });
  sockets.attach(app.server);
  app.addHook("preClose", () => sockets[Symbol.asyncDispose]()); // app.close() waits for open sockets
  await app.listen({ port });
  return app;
}
