import { devstoreAccount } from '../azurite/accounts.ts';
import type { AzuriteAccount } from '../azurite/accounts.ts';

/** One of the stack's regions, from 0. The first is where documents are written, and the only one where no more are asked for. */
export interface LocalRegion {
  readonly number: number;
  /** As in the copies of a blob's document. */
  readonly name: string;
  /** What the Cosmos DB emulator calls it. */
  readonly cosmos: string;
  readonly account: AzuriteAccount;
}

export function localRegions(count: number): [LocalRegion, ...LocalRegion[]] {
  const [first, ...rest] = Array.from({ length: count }, (_, number) => region(number));
  return [first ?? region(0), ...rest];
}

function region(number: number): LocalRegion {
  return {
    number,
    name: number === 0 ? 'local' : `local-${number + 1}`,
    cosmos: number === 0 ? 'Local' : `Local ${number + 1}`,
    account: number === 0 ? devstoreAccount : { name: `devstoreaccount${number + 1}`, key: devstoreAccount.key },
  };
}

/** While it is in the state folder, that region's storage is down. */
export function downFile({ name }: Pick<LocalRegion, 'name'>): string {
  return `${name}.down`;
}
