// The digests the hub asks for, from Node's crypto.

import { createHash, createHmac } from "node:crypto";
import type { Digest } from "@heddle/hub/ports";

export const nodeDigest: Digest = {
  sha256: (data) => createHash("sha256").update(data).digest(),
  hmacSha256: (key, data) => createHmac("sha256", key).update(data).digest(),
};
