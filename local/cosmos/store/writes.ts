import type { Container } from '../catalog/container.ts';
import type { WriteContext } from '../items/write.ts';
import type { Atomically } from './database.ts';
import type { Replica } from './replica.ts';
import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Runs writes to a container in one transaction, together with its counter and the read region's log. */
export class Writes {
  readonly #atomically: Atomically;
  readonly #saveLsn: StatementSync;
  readonly #replica: Replica | undefined;

  constructor(db: DatabaseSync, atomically: Atomically, replica: Replica | undefined) {
    this.#atomically = atomically;
    this.#saveLsn = db.prepare('UPDATE containers SET lsn = ? WHERE number = ?');
    this.#replica = replica;
  }

  /** @param now milliseconds since the epoch: the time of every version that `work` writes */
  run<T>(container: Container, now: number, work: (context: WriteContext) => T): T {
    return this.#atomically(() => {
      const result = work({ container, now, changed: (change) => this.#replica?.record(container, change, now) });
      // The counter must survive a restart: an etag or a change-feed position that came twice would hide a write.
      this.#saveLsn.run(container.lsn, container.record.number);
      return result;
    });
  }
}
