import { audienceOf } from "@raptor/shared/wire/jws.ts";
import type { ExecutorSeams } from "./create-executor.ts";
import { Accounts } from "./jobs/accounts.ts";
import { JobAdmission } from "./jobs/admission.ts";
import type { ApiTokens } from "./jobs/api-tokens.ts";
import { EntryDesk } from "./jobs/entry-desk.ts";
import { ExitDesk } from "./jobs/exit-desk.ts";
import { JobHandlers } from "./jobs/handlers.ts";
import { JobIntake } from "./jobs/intake.ts";
import { Lanes } from "./jobs/lanes.ts";
import type { Lifecycle } from "./jobs/lifecycle.ts";
import { Presenter } from "./jobs/presenter.ts";
import { Trading } from "./jobs/trading.ts";
import type { Mirror } from "./ports/mirror.ts";
import { ExecutorApi } from "./server/api.ts";
import { JwsVerifier } from "./server/verify-jws.ts";

type DeskDeps = ConstructorParameters<typeof JobHandlers>[0] &
  ConstructorParameters<typeof Presenter>[0] &
  ConstructorParameters<typeof Trading>[0] &
  ConstructorParameters<typeof JobAdmission>[0];

/** The desk: takes jobs, runs them in lanes, answers reads. */
export function buildDesk(
  seams: ExecutorSeams,
  shared: Omit<
    DeskDeps,
    | "presenter"
    | "trading"
    | "exitDesk"
    | "entryDesk"
    | "accounts"
    | "apiTokens"
    | "ids"
    | "presetsLamports"
    | "allowedUserIds"
    | "adminUserIds"
  > & { mirror: Mirror | undefined },
  apiTokens: ApiTokens,
  lifecycle: Lifecycle,
  onFatal: (error: unknown) => void,
) {
  const { env, clock, ids, log, metrics, signer, store } = seams;
  const { reads } = shared;
  const presetsLamports = env.BUY_PRESETS_SOL;
  const presenter = new Presenter({ ...shared, presetsLamports });
  const trading = new Trading({ ...shared, presenter });
  const accounts = new Accounts(store, signer);
  const exitDesk = new ExitDesk({ ...shared, presenter });
  const entryDesk = new EntryDesk({ ...shared, presenter });
  const made = { ids, accounts, presenter, trading, exitDesk, entryDesk, apiTokens };
  const handlers = new JobHandlers({ ...shared, ...made });
  const lanes = new Lanes(env.LANES_MAX, onFatal);
  const { ALLOWED_USER_IDS: allowedUserIds, ADMIN_USER_IDS: adminUserIds } = env;
  const admission = new JobAdmission({ ...shared, allowedUserIds, adminUserIds });
  const phase = () => lifecycle.phase;
  const { mirror } = shared;
  const tools = { store, clock, log, metrics, mirror };
  const intake = new JobIntake({ ...tools, admission, handlers, lanes, phase });
  const verifier = new JwsVerifier(env.TRUSTED_JWKS, audienceOf(env.ENVIRONMENT));
  const access = { verifier, intake, admission, apiTokens };
  const api = new ExecutorApi({ ...access, reads, store, clock, log, metrics });
  return { lanes, intake, api, admission };
}
