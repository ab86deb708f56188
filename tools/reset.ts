import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** `npm run reset`: forgets the local world. */
const stateDir = join(fileURLToPath(new URL("..", import.meta.url)), ".raptor");
rmSync(stateDir, { recursive: true, force: true });
process.stdout.write("The local world's state is gone.\n");
