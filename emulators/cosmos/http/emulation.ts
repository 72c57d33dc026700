import type { Catalog } from '../catalog/catalog.ts';
import type { Container } from '../catalog/container.ts';
import { sessionNotAvailable } from '../refusal.ts';
import type { ItemTable } from '../store/item-table.ts';
import type { Replica } from '../store/replica.ts';
import type { Writes } from '../store/writes.ts';
import type { ServiceRequest } from './exchange.ts';
import { header } from './exchange.ts';

/** A region of the account. */
export interface Location {
  readonly name: string;
  readonly endpoint: string;
}

/** The state that the routes work on. */
export interface Emulation {
  readonly catalog: Catalog;
  readonly writes: Writes;
  readonly strict: boolean;
  readonly now: () => number;
  /** The write region first. */
  readonly locations: () => readonly Location[];
}

/** The items as one region shows them, and how far it has come. */
export interface View {
  readonly items: ItemTable;
  readonly lsn: number;
}

/** The region that a request came to: its name, and whether it only reads. */
export interface Region {
  readonly name: string;
  readonly isReadOnly: boolean;
  /** The replica that it shows, if it only reads. */
  readonly replica: Replica | undefined;
}

/**
 * Returns the view of a read. A read that carries a session token is refused by a region that is behind that session.
 */
export function viewOf(region: Region, container: Container, request: ServiceRequest): View {
  const { replica } = region;
  if (replica === undefined) return { items: container.items, lsn: container.lsn };
  const lsn = replica.lsnOf(container);
  const session = /#(\d+)/.exec(header(request, 'x-ms-session-token') ?? '')?.[1];
  if (session !== undefined && Number(session) > lsn) throw sessionNotAvailable();
  return { items: replica.itemsOf(container), lsn };
}
