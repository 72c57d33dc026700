import { maxStrangersBody } from '../../../core/http/held-bodies.ts';
import { readSmallBody } from '../../../core/http/request.ts';
import { RegistryError } from '../../../core/oci/faults.ts';

/**
 * Reads a body of `application/x-www-form-urlencoded`, whatever its Content-Type says: az and docker agree on the form
 * alone.
 */
export async function readForm(request: Request): Promise<URLSearchParams> {
  return new URLSearchParams(Buffer.from(await readSmallBody(request, 'form', maxStrangersBody)).toString('utf8'));
}

/** Returns a field. Throws `RegistryError` (`request-invalid`) when it is missing or empty. */
export function requireField(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (value === null || value === '') throw new RegistryError({ is: 'request-invalid', why: `${name} is missing` });
  return value;
}

/**
 * Requires that the service is this one: a client that was sent here for another must not get tokens for this one.
 * Throws `RegistryError` (`request-invalid`).
 */
export function requireService(parameters: URLSearchParams, host: string): void {
  const service = parameters.get('service');
  if (service !== null && service !== '' && service !== host)
    throw new RegistryError({ is: 'request-invalid', why: `service must be ${host}` });
}
