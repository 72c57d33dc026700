import { z } from 'zod';

/** A storage account as Azurite knows it: `key` is base64. */
export interface AzuriteAccount {
  readonly name: string;
  readonly key: string;
}

/** The account that every Azure tool knows as "UseDevelopmentStorage=true"; its key is public by design. */
export const devstoreAccount: AzuriteAccount = {
  name: 'devstoreaccount1',
  key: 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
};

// AZURITE_ACCOUNTS joins its parts with ":" and ";" and knows no escape: a name or key that holds one of them would
// make Azurite fall back to its default account without a word.
const accountSchema = z.object({
  name: z.string().regex(/^[a-z0-9]{3,24}$/, 'must be 3 to 24 lower-case letters or digits'),
  key: z.base64('must be base64').min(1),
});

/** The value of the environment variable AZURITE_ACCOUNTS. Throws for an account that Azurite could not parse. */
export function accountsVariable(accounts: readonly AzuriteAccount[]): string {
  return accounts.map(accountEntry).join(';');
}

function accountEntry(account: AzuriteAccount): string {
  const parsed = accountSchema.safeParse(account);
  if (parsed.success) return `${parsed.data.name}:${parsed.data.key}`;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join(', ');
  throw new Error(`The storage account "${account.name}" cannot be given to Azurite: ${faults}.`);
}

/** Makes a connection string that names both services, as the storage SDKs and AzureWebJobsStorage accept it. */
export function connectionString(account: AzuriteAccount, blobEndpoint: string, queueEndpoint: string): string {
  return (
    [
      'DefaultEndpointsProtocol=http',
      `AccountName=${account.name}`,
      `AccountKey=${account.key}`,
      `BlobEndpoint=${blobEndpoint}`,
      `QueueEndpoint=${queueEndpoint}`,
    ].join(';') + ';'
  );
}
