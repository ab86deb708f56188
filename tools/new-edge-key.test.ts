import { createPublicKey, sign, createPrivateKey, verify, type JsonWebKey } from "node:crypto";
import { describe, it } from "vitest";
import { JwsVerifier } from "../executor/server/verify-jws.ts";
import { createEdgeKey } from "./new-edge-key.ts";

describe("a new edge key", () => {
  it("is a pair: what the private half signs, the public half verifies", ({ expect }) => {
    const { signingJwk, trustedJwks } = createEdgeKey({ kid: "edge-1" });
    const [publicJwk] = (JSON.parse(trustedJwks) as { keys: JsonWebKey[] }).keys;
    const text = Buffer.from("job");
    const key = createPrivateKey({ key: JSON.parse(signingJwk) as JsonWebKey, format: "jwk" });
    const publicKey = createPublicKey({ key: publicJwk ?? {}, format: "jwk" });
    expect(verify(null, text, publicKey, sign(null, text, key))).toBe(true);
    expect(trustedJwks).not.toContain('"d"');
  });

  it("is accepted by the executor beside the keys that it keeps", ({ expect }) => {
    const old = createEdgeKey({ kid: "edge-1" });
    const { trustedJwks } = createEdgeKey({ kid: "edge-2", keep: old.trustedJwks });
    expect((JSON.parse(trustedJwks) as { keys: { kid: string }[] }).keys).toMatchObject([
      { kid: "edge-2" },
      { kid: "edge-1" },
    ]);
    expect(() => new JwsVerifier(trustedJwks, "raptor-executor:test")).not.toThrow();
  });

  it("has a kid of its own each time and refuses one that is taken", ({ expect }) => {
    const kids = [createEdgeKey(), createEdgeKey()].map(({ signingJwk }) => signingJwk);
    expect(kids[0]).not.toBe(kids[1]);
    const { trustedJwks } = createEdgeKey({ kid: "edge-1" });
    expect(() => createEdgeKey({ kid: "edge-1", keep: trustedJwks })).toThrow("taken");
    expect(() => createEdgeKey({ kid: "a b" })).toThrow("expected a kid");
  });

  it("refuses to keep a private key", ({ expect }) => {
    const { signingJwk } = createEdgeKey();
    expect(() => createEdgeKey({ keep: `{"keys":[${signingJwk}]}` })).toThrow("private key");
  });
});
