import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { isSocket } from "./client.ts";

/** The descriptor of the main process that leads to the launcher, in both directions. */
export const LAUNCHER_FD = 5;
const BEAT_MS = 1_000;
/** A stopped launcher reads nothing; unread beats must not pile up in this process. */
const UNREAD_BYTES_MAX = 1_024;

export interface LauncherLinkOptions {
  clock: Clock;
  /** Called once, when the launcher is gone: nobody watches or restarts this process any more. */
  onGone(): void;
  fd?: number;
}

export interface LauncherLink {
  /** One more sign of life, in the middle of work that holds the event loop up. */
  beat(): void;
  /** Stops the heartbeat for good; for the last moment before the process ends. */
  close(): void;
}

/**
 * Writes one byte a second to the launcher, whose watchdog ends this process when they stop: a
 * stalled event loop cannot watch itself. The end of the same pipe tells that the launcher died.
 * @throws RAPTOR_SIGNER__GONE when the process was not started by the launcher.
 */
export function connectLauncher(options: LauncherLinkOptions): LauncherLink {
  const fd = options.fd ?? LAUNCHER_FD;
  if (!isSocket(fd)) {
    throw new RaptorError("RAPTOR_SIGNER__GONE", { fd, hint: "start executor/launch.ts" });
  }
  const stream = new Socket({ fd, readable: true, writable: true });
  return createLauncherLink(stream, options);
}

export function createLauncherLink(
  stream: Duplex,
  { clock, onGone }: Omit<LauncherLinkOptions, "fd">,
): LauncherLink {
  const ended = new AbortController();
  function end(isExpected: boolean): void {
    if (ended.signal.aborted) return;
    ended.abort();
    stream.destroy();
    if (!isExpected) onGone();
  }
  for (const event of ["error", "end", "close"]) stream.on(event, () => end(false));
  stream.resume();
  const beat = (): void => {
    if (!ended.signal.aborted && stream.writableLength < UNREAD_BYTES_MAX) stream.write(".");
  };
  void beatOn(beat, clock, ended.signal);
  return { beat, close: () => end(true) };
}

async function beatOn(beat: () => void, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    beat();
    await clock.sleep(BEAT_MS, signal);
  }
}
