import type { AzuriteAccount } from '../azurite/accounts.ts';

/**
 * One of the stack's regions, from 0. The first is where documents are written, and the only one where no more are
 * asked for.
 */
export interface LocalRegion {
  readonly number: number;
  /** As in the copies of a blob's document. */
  readonly name: string;
  /** What the Cosmos DB emulator calls it. */
  readonly cosmos: string;
  readonly account: AzuriteAccount;
}

/** `storageKey` opens the storage account of each. */
export function localRegions(count: number, storageKey: string): [LocalRegion, ...LocalRegion[]] {
  const [first, ...rest] = Array.from({ length: count }, (_, number) => region(number, storageKey));
  return [first ?? region(0, storageKey), ...rest];
}

function region(number: number, key: string): LocalRegion {
  return {
    number,
    name: number === 0 ? 'local' : `local-${number + 1}`,
    cosmos: number === 0 ? 'Local' : `Local ${number + 1}`,
    account: { name: `devstoreaccount${number + 1}`, key },
  };
}

/** While it is in the state folder, that region's storage is down. */
export function downFile({ name }: Pick<LocalRegion, 'name'>): string {
  return `${name}.down`;
}
