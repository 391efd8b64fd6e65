import { createServer, type Server } from "node:http";
import express from "express";
import { createWebSocketServer } from "@heddle/websocket";
import { echo } from "./echo-server.ts";

export function startWithExpress(port: number): Server {
  const app = express();
  app.get("/hello", (_request, response) => void response.send("hello"));
  const http = createServer(app); // in place of app.listen
  createWebSocketServer({ path: "/echo", onConnection: echo }).attach(http);
  return http.listen(port);
}
