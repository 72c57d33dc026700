import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Container } from '../catalog/container.ts';
import type { Change, WriteContext } from '../items/write.ts';
import type { Atomically } from './database.ts';
import type { Replica } from './replica.ts';

/** Runs writes to a container in one transaction, together with its counter and the read regions' logs. */
export class Writes {
  readonly #atomically: Atomically;
  readonly #saveLsn: StatementSync;
  readonly #replicas: readonly Replica[];

  constructor(db: DatabaseSync, atomically: Atomically, replicas: readonly Replica[]) {
    this.#atomically = atomically;
    this.#saveLsn = db.prepare('UPDATE containers SET lsn = ? WHERE number = ?');
    this.#replicas = replicas;
  }

  /** @param now milliseconds since the epoch: the time of every version that `work` writes */
  run<T>(container: Container, now: number, work: (context: WriteContext) => T): T {
    return this.#atomically(() => {
      const result = work({ container, now, changed: (change) => this.#recordEverywhere(container, change, now) });
      // The counter must survive a restart: an etag or a change-feed position that came twice would hide a write.
      this.#saveLsn.run(container.lsn, container.record.number);
      return result;
    });
  }

  #recordEverywhere(container: Container, change: Change, now: number): void {
    for (const replica of this.#replicas) replica.record(container, change, now);
  }
}
