import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { PublishFault } from './publish-fault.ts';

/** The topic's two access keys, base64: two, so that one can be replaced while the other still works. */
export type AccessKeys = readonly [string, string];

export const accessKeysSchema = z.tuple([z.base64().min(1), z.base64().min(1)]);

/** Throws a 401 fault unless the request carries an access key or an unexpired token signed with one. */
export function authorize(headers: IncomingHttpHeaders, url: URL, keys: AccessKeys, now: number): void {
  const key = single(headers['aeg-sas-key']) ?? url.searchParams.get('aeg-sas-key') ?? undefined;
  const token = single(headers['aeg-sas-token']) ?? signatureToken(headers.authorization);
  if (key !== undefined) requireKey(key, keys);
  else if (token !== undefined) requireToken(token, url, keys, now);
  else
    throw unauthorized(
      'The request must carry one of aeg-sas-key, aeg-sas-token or Authorization: SharedAccessSignature.',
    );
}

function requireKey(candidate: string, keys: AccessKeys): void {
  if (!matchesAny(candidate, keys)) throw unauthorized('The access key is not one of the topic’s keys.');
}

/** A token is `r=<resource>&e=<expiry>&s=<signature>`; the signature covers the text before `&s=` as it was sent. */
function requireToken(token: string, url: URL, keys: AccessKeys, now: number): void {
  const [unsigned = '', signature] = token.split('&s=');
  const fields = new URLSearchParams(unsigned);
  if (signature === undefined || !fields.has('r') || !fields.has('e')) {
    throw unauthorized('The shared access signature is not of the form r=…&e=…&s=….');
  }
  const signatures = keys.map((key) => sign(unsigned, key));
  if (!matchesAny(new URLSearchParams(`s=${signature}`).get('s') ?? '', signatures)) {
    throw unauthorized('The shared access signature was not made with one of the topic’s keys.');
  }
  if (!covers(fields.get('r') ?? '', url)) throw unauthorized('The shared access signature is for another topic.');
  if (!(parseExpiry(fields.get('e') ?? '') > now)) throw unauthorized('The shared access signature has expired.');
}

function sign(unsigned: string, key: string): string {
  return createHmac('sha256', Buffer.from(key, 'base64')).update(unsigned).digest('base64');
}

function covers(resource: string, url: URL): boolean {
  if (!URL.canParse(resource)) return false;
  const { host, pathname } = new URL(resource);
  return host === url.host && pathname === url.pathname;
}

/** ISO 8601, or what .NET's en-US culture writes ("11/23/2026 8:11:50 PM"), which the SDKs send and which means UTC. */
function parseExpiry(text: string): number {
  return Date.parse(/[AP]M$/.test(text) ? `${text} UTC` : text);
}

/** Compares digests, not texts: equal lengths, and a time that does not depend on where the first difference is. */
function matchesAny(candidate: string, accepted: readonly string[]): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const candidateDigest = digest(candidate);
  return accepted.map((text) => timingSafeEqual(candidateDigest, digest(text))).includes(true);
}

function signatureToken(authorization: string | undefined): string | undefined {
  return /^SharedAccessSignature (.+)$/i.exec(authorization ?? '')?.[1];
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

function unauthorized(message: string): PublishFault {
  return new PublishFault(401, 'Unauthorized', message);
}
