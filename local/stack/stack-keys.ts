import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { defined } from '../../shared/core/documents/defined.ts';
import { formatPasswordHash, hashPassword, makePassword, makeSalt } from '../../shared/features/identity/password.ts';
import type { StateFolder } from './state-folder.ts';

const keySchema = z.base64().min(40);
const keysSchema = z.object({
  uploadKey: keySchema,
  eventGridKeys: z.tuple([keySchema, keySchema]),
  /** The sealing key, which is made where a folder does not have it yet. */
  secretKey: keySchema.default(newKey),
  /**
   * The keys of the Cosmos DB emulator, of every storage account, and of the address that events are delivered to: the
   * published ones would open them to everybody on the machine.
   */
  cosmosKey: keySchema.default(newKey),
  storageKey: keySchema.default(newKey),
  functionsKey: keySchema.default(newKey),
  adminPasswordHash: z.string().optional(),
  /** The password hashes of the administrators of further registries, by the registry's name. */
  adminPasswordHashes: z.record(z.string(), z.string()).optional(),
});
export type StackKeys = z.infer<typeof keysSchema>;

function newKey(): string {
  return randomBytes(32).toString('base64');
}

/**
 * Returns the stack's own secrets, which are made once per folder. Where credentials are required it makes the administrator's password
 * too, and one for each further registry: `show` is told them that one time, and the file keeps their hashes. Throws one
 * sentence when the file is damaged.
 */
export async function stackKeys(
  state: StateFolder,
  auth: 'open' | 'required',
  show: (password: string, registry?: string) => void,
  registries: readonly string[] = [],
): Promise<StackKeys> {
  const path = state.file('keys.json');
  const before = readKeys(path);
  const keys = keysSchema.parse(before ?? { uploadKey: newKey(), eventGridKeys: [newKey(), newKey()] });
  // Several processes of one stack read it; the first has completed it by then.
  const isComplete = JSON.stringify(keys) === JSON.stringify(before);
  const hashes = keys.adminPasswordHashes ?? {};
  const lacking = registries.filter((name) => hashes[name] === undefined);
  if (auth === 'open' || (keys.adminPasswordHash !== undefined && lacking.length === 0))
    return isComplete ? keys : writeKeys(path, keys);
  const own = keys.adminPasswordHash === undefined ? await newPassword() : undefined;
  const others = await Promise.all(lacking.map(async (name) => ({ name, ...(await newPassword()) })));
  const made = Object.fromEntries(others.map(({ name, hash }) => [name, hash]));
  const kept = writeKeys(path, {
    ...keys,
    ...defined({
      adminPasswordHash: own?.hash ?? keys.adminPasswordHash,
      adminPasswordHashes: registries.length === 0 ? keys.adminPasswordHashes : { ...hashes, ...made },
    }),
  });
  if (own !== undefined) show(own.password);
  for (const { name, password } of others) show(password, name);
  return kept;
}

async function newPassword(): Promise<{ readonly password: string; readonly hash: string }> {
  const [password, salt] = [makePassword(), makeSalt()];
  return { password, hash: formatPasswordHash({ salt, hash: await hashPassword(password, salt) }) };
}

function readKeys(path: string): unknown {
  if (!existsSync(path)) return undefined;
  try {
    const there: unknown = JSON.parse(readFileSync(path, 'utf8'));
    keysSchema.parse(there);
    return there;
  } catch (error) {
    throw new Error(`${path} is damaged: delete it and start again (uploads under way and credentials are lost)`, {
      cause: error,
    });
  }
}

/** Writes the keys whole or not at all, whenever the process is killed. */
function writeKeys(path: string, keys: StackKeys): StackKeys {
  writeFileSync(`${path}.new`, JSON.stringify(keys), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return keys;
}
