/** The signer as the rest of the executor may know it; nothing else of this room is importable. */
export {
  connectSigner,
  createSignerClient,
  SIGNER_FD,
  type SignerClient,
  type SignerClientOptions,
} from "./client.ts";
export {
  connectLauncher,
  LAUNCHER_FD,
  type LauncherLink,
  type LauncherLinkOptions,
} from "./launcher-link.ts";
export { checkMasterKeys } from "./master-keys.ts";
