import { readFileSync } from "node:fs";

/** Drawn by the kernel at each of its starts; containers of one host read the same. */
const BOOT_ID_FILE = "/proc/sys/kernel/random/boot_id";

/**
 * Names the machine that this process runs on: as the platform calls it, and elsewhere by its
 * running kernel. Two machines that run at the same time never share that one, not even where a
 * disk with all its files was copied; after a restart of the machine it is another one, which
 * costs a wait of one TTL. Empty where neither is told: a copied disk then cannot be told apart.
 */
export function readMachineIdentity(
  platformName: string | undefined,
  bootIdFile: string = BOOT_ID_FILE,
): string {
  if (platformName !== undefined && platformName !== "") return platformName;
  try {
    return readFileSync(bootIdFile, "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
