import { createHmac, hkdfSync } from 'node:crypto';
import type { SealingKey } from '../../../core/secrets/sealing-keys.ts';
import type { Node } from '../plan/documents.ts';

/**
 * Computes the token by which the runner of a job proves itself. It is the same each time that the job is offered: of
 * two offers, the runner that began with the first has no other.
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
