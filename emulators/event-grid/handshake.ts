import type { Dispatcher } from 'undici';
import { request } from 'undici';

/** The topic's name, Azure's own, for a receiver that decides whose events it accepts. */
export const ORIGIN = 'eventgrid.azure.net';
const TIMEOUT_MS = 30_000;

/**
 * Asks a receiver for consent as "HTTP 1.1 Web Hooks for Event Delivery" (CloudEvents) section 4 says. Resolves with
 * undefined when it was given, or the reason why it was not.
 */
export async function refusalOf(url: string, http: Dispatcher): Promise<string | undefined> {
  try {
    const response = await request(url, {
      method: 'OPTIONS',
      headers: { 'WebHook-Request-Origin': ORIGIN },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      dispatcher: http,
    });
    await response.body.dump();
    const allowed = [response.headers['webhook-allowed-origin']].flat().join(',');
    const granted = allowed.split(',').some((origin) => ['*', ORIGIN].includes(origin.trim().toLowerCase()));
    if (response.statusCode !== 200) return `it answered OPTIONS with HTTP ${response.statusCode}`;
    return granted ? undefined : `its WebHook-Allowed-Origin is "${allowed}", not "${ORIGIN}"`;
  } catch (error) {
    return `it cannot be reached (${(error as Error).message})`;
  }
}
