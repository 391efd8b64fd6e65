// Entry `@heddle/auth-jwt`: JSON Web Tokens as a server's `auth`, tokens for applications without an issuer, rights in claims.

export { JwtError } from "./jwt-error.ts";
export { jwt, type JwtEnv, type JwtOptions, type JwtScheme } from "./jwt.ts";
export { permittedBy, type PermissionQuestion } from "./permitted.ts";
export { remoteKeysLimits, type RemoteKeysLimits } from "./remote-keys.ts";
export { signToken, type SignTokenOptions } from "./sign-token.ts";
