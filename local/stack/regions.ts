import type { AzuriteAccount } from '../azurite/accounts.ts';

/**
 * One of the stack's regions, counted from 0. The first is the write region, and the only one if no more are requested.
 */
export interface LocalRegion {
  readonly number: number;
  /** The name, as in the copies of a blob's document. */
  readonly name: string;
  /** The name in the Cosmos DB emulator. */
  readonly cosmos: string;
  readonly account: AzuriteAccount;
}

/** Makes the regions; `storageKey` is the key of each one's storage account. */
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

/** Names the file that takes a region's storage down while it is in the state folder. */
export function downFile({ name }: Pick<LocalRegion, 'name'>): string {
  return `${name}.down`;
}
