import type { TestLongshore } from '../../shared/app/compose-for-test.ts';
import { rememberPeer } from '../../shared/core/http/peer.ts';

interface Options {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** The address of the connection; it is absent where the host does not know it, as on the Functions host. */
  readonly address?: string;
}

/** A request as a host hands it to the app. */
export async function knock(
  { app }: Pick<TestLongshore, 'app'>,
  path: string,
  { address, ...init }: Options = {},
): Promise<Response> {
  const request = new Request(`http://registry.test${path}`, init);
  rememberPeer(request, address);
  return app.fetch(request);
}

/** Counts the answers by their status. */
export function tally(statuses: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

export async function statusOf(answer: Promise<Response>): Promise<number> {
  const response = await answer;
  await response.arrayBuffer();
  return response.status;
}

export function form(fields: Record<string, string>): {
  readonly method: 'POST';
  readonly body: string;
  readonly headers: Record<string, string>;
} {
  return {
    method: 'POST',
    body: new URLSearchParams(fields).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  };
}
