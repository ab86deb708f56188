import type { IdSource } from "@raptor/shared/seams/chance.ts";
import type { View } from "@raptor/shared/domain/rows.ts";
import { API_SCOPES, type JobOf } from "@raptor/shared/wire/job.ts";
import type { Store, Tx } from "../ports/store.ts";
import { apiTokenScreen } from "../screens/plain.ts";
import type { ApiTokens } from "./api-tokens.ts";
import type { Display, Target } from "./display.ts";
import { finish } from "./finish-job.ts";
import type { TicketIssuer } from "./tickets.ts";

interface TokenDeskDeps {
  store: Store;
  ids: IdSource;
  apiTokens: ApiTokens;
  tickets: TicketIssuer;
}

const API_TOKEN_ID_BYTES = 9;

/** Gives out a person's access tokens for the status API, and takes them back. */
export class TokenDesk {
  readonly #deps: TokenDeskDeps;
  readonly #display: Display;

  constructor(deps: TokenDeskDeps, display: Display) {
    this.#deps = deps;
    this.#display = display;
  }

  async issue(target: Target, job: JobOf<"issueToken">): Promise<string> {
    const { store, ids, apiTokens, tickets } = this.#deps;
    const { userId, chatId, key } = target;
    const tokenId = ids.token(API_TOKEN_ID_BYTES);
    const scopes = job.scopes.length === 0 ? [...API_SCOPES] : job.scopes;
    const outcome = "token issued";
    // The job ends in the same transaction, so that a crash cannot issue a second token for it.
    await store.transact((tx: Tx) => {
      finish(tx, job, outcome);
      const payload = { tokenId, userId, scopes };
      tx.append({ stream: `user:${userId}`, kind: "TokenIssued", payload });
      const screen = apiTokenScreen(apiTokens.placeholderOf(tokenId), scopes);
      const content = tickets.issue(tx, userId, chatId, screen);
      const view: View = { kind: "apiToken", tokenId };
      tx.putOutbox({ key, chatId, content, view, isProtected: true });
    });
    return outcome;
  }

  async revoke(target: Target): Promise<string> {
    const { userId } = target;
    await this.#deps.store.transact((tx) =>
      tx.append({ stream: `user:${userId}`, kind: "TokensRevoked", payload: { userId } }),
    );
    return this.#display.tell(target, [
      "All your access tokens are revoked",
      "Nothing else changed.",
    ]);
  }
}
