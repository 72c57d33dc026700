import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { PathIndexes } from '../../../emulators/cosmos/store/path-columns.ts';

it('the columns of a path are completed when a process was killed between the two', () => {
  const db = new DatabaseSync(':memory:');
  db.exec('CREATE TABLE items (body TEXT NOT NULL)');
  const { rank, value } = new PathIndexes(db, 'items').columnsOf('$."dueAt"');
  db.exec(`ALTER TABLE items DROP COLUMN ${rank}`);
  expect(new PathIndexes(db, 'items').columnsOf('$."dueAt"')).toEqual({ rank, value });
  db.exec(`INSERT INTO items (body) VALUES ('{"dueAt":"x"}')`);
  expect(db.prepare(`SELECT ${rank} AS rank, ${value} AS value FROM items`).get()).toEqual({ rank: 5, value: 'x' });
  db.close();
});
