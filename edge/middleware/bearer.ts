import type { Secret } from "@raptor/shared/values/secret.ts";
import type { Read } from "@raptor/shared/wire/read.ts";
import { encodeBase64Url, isEqualSecret, sha256 } from "./constant-time.ts";

type Principal = Read["principal"];

/** As long as an `ADMIN_TOKEN` may be. */
const TOKEN_PATTERN = /^Bearer ([\x21-\x7e]{16,4096})$/i;

/**
 * Who a request claims to be. A token that is not the admin's goes on as its hash: only the
 * executor knows which tokens were issued, and the token itself stays here.
 */
export async function identify(
  request: Request,
  adminToken: Secret,
): Promise<Principal | undefined> {
  const match = TOKEN_PATTERN.exec(request.headers.get("authorization") ?? "");
  const token = match?.[1];
  if (token === undefined) return undefined;
  if (await isEqualSecret(token, adminToken)) return { kind: "admin" };
  return { kind: "token", tokenSha256: encodeBase64Url(await sha256(token)) };
}

export async function isAdmin(request: Request, adminToken: Secret): Promise<boolean> {
  return (await identify(request, adminToken))?.kind === "admin";
}
