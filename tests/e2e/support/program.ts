// A program at the playground: an ordinary Node client of its contract, signed in at the same door as the pages.

import { createClient, type Client } from "@heddle/client";
import type { Playground } from "../../../examples/playground/src/contract.ts";

export class Program {
  readonly client: Client<Playground>;
  readonly user: string;

  private constructor(client: Client<Playground>, user: string) {
    this.client = client;
    this.user = user;
  }

  static async join(url: string, name: string): Promise<Program> {
    const { token, user } = await signIn(url, name);
    return new Program(createClient<Playground>({ url: `${url}/realtime`, token: () => token }), user);
  }
}

export async function signIn(url: string, name: string): Promise<{ readonly token: string; readonly user: string }> {
  const response = await fetch(`${url}/sign-in`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });
  if (!response.ok) throw new Error(`sign-in answered ${response.status}`);
  return (await response.json()) as { token: string; user: string };
}
