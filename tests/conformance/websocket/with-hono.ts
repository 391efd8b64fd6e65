import { Hono } from "hono";
import { serve, type ServerType } from "@hono/node-server";
import { createWebSocketServer } from "@heddle/websocket";
import { echo } from "./echo-server.ts";

export function startWithHono(port: number): ServerType {
  const app = new Hono();
  app.get("/hello", (context) => context.text("hello"));
  const http = serve({ fetch: app.fetch, port });
  createWebSocketServer({ path: "/echo", onConnection: echo }).attach(http);
  return http;
}
