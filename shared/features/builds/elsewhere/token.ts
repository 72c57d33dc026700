import { createHmac, hkdfSync } from 'node:crypto';
import type { SealingKey } from '../../../core/secrets/sealing-keys.ts';
import type { Node } from '../plan/documents.ts';

/**
 * By what the runner of a job proves that it is that. The same each time that the job is given: one that was begun by
 * the first of two knows no other.
 */
export function tokenOf(
  { bytes }: SealingKey,
  { registry, build, id }: Pick<Node, 'registry' | 'build' | 'id'>,
  job: string,
): string {
  const key = Buffer.from(hkdfSync('sha256', bytes, '', 'longshore: callbacks of builds', 32));
  return createHmac('sha256', key)
    .update(JSON.stringify([registry, build, id, job]))
    .digest('base64url');
}
