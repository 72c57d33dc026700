import { RegistryError } from '../../../core/oci/faults.ts';
import type { Documents } from '../../../core/ports/documents.ts';
import type { WebhookPorts } from '../ports.ts';
import { WebhookUnsealable } from '../secrets.ts';

export interface WebhookManagementPorts extends Pick<WebhookPorts, 'clock' | 'ids' | 'registry' | 'sealing'> {
  readonly documents: Documents;
  /** The URL at which clients find the registry; absent, that of the request. */
  readonly publicUrl?: URL;
  /**
   * Returns what is wrong with a URL to post to, as the end of a sentence that starts with its name; `undefined` when
   * nothing is.
   */
  checkTarget(url: string): string | undefined;
}

/**
 * Turns a secret that cannot be opened any more into a conflict: it is the webhook's state and no outage, and the
 * caller who changes it learns how to correct it.
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
