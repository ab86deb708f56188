import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Store, Tx } from "../ports/store.ts";

/** A disk that refuses what a test wants it to refuse: the unit runs and is rolled back. */
export class FakeDisk {
  isFull = false;
  /** Refuses this unit of work, counted from 1 since `count` was reset. */
  failAt = 0;
  count = 0;
  /** The process dies just before or just after this unit of work is committed. */
  dieAt: { unit: number; when: "before" | "after"; die(): void } | undefined;

  wrap(store: Store, isAlive: () => boolean): Store {
    const transact = <T>(work: (tx: Tx) => T): Promise<T> => {
      this.count += 1;
      const mustFail = this.isFull || this.count === this.failAt;
      const death = this.dieAt?.unit === this.count ? this.dieAt : undefined;
      if (death?.when === "before") death.die();
      if (!isAlive()) return new Promise(() => {});
      const done = store.transact((tx) => {
        const result = work(tx);
        if (mustFail) throw new RaptorError("RAPTOR_JOURNAL__FULL");
        return result;
      });
      return new Promise((resolve, reject) => {
        done.then(
          (value) => {
            if (isAlive()) death?.die();
            if (isAlive()) resolve(value);
          },
          (error: unknown) => isAlive() && reject(error),
        );
      });
    };
    return new Proxy<Store>(store, {
      get(target, name) {
        if (name === "transact") return transact;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }
}
