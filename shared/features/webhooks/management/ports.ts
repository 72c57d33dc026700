import { RegistryError } from '../../../core/oci/faults.ts';
import type { Documents } from '../../../core/ports/documents.ts';
import type { WebhookPorts } from '../ports.ts';
import { WebhookUnsealable } from '../secrets.ts';

export interface WebhookManagementPorts extends Pick<WebhookPorts, 'clock' | 'ids' | 'registry' | 'sealing'> {
  readonly documents: Documents;
  /** Where clients find the registry; absent, where the request came in. */
  readonly publicUrl?: URL;
  /**
   * What is wrong with a URL to post to, as the end of a sentence that starts with its name; `undefined` when nothing
   * is.
   */
  checkTarget(url: string): string | undefined;
}

/**
 * What cannot be opened any more is the hook's state and no outage: whoever changes the hook is told how to mend it.
 */
export async function orConflict<T>(opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    if (error instanceof WebhookUnsealable)
      throw new RegistryError({ is: 'conflict', code: 'webhookUnsealable', why: error.message });
    throw error;
  }
}
