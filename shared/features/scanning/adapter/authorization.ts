import type { ScannerMetadata } from './metadata.ts';

/** A user that has a token for a password, which registries accept from clients that know basic authentication alone. */
const tokenUser = '00000000-0000-0000-0000-000000000000';

/**
 * Makes the authorization that a scan request carries out of an access token for one repository. It must live as long
 * as the scan may take: an adapter keeps it, and cannot ask for another.
 */
export function registryAuthorization(
  token: string,
  { registryAuthorization: form }: Pick<ScannerMetadata, 'registryAuthorization'>,
): string {
  return form === 'Basic'
    ? `Basic ${Buffer.from(`${tokenUser}:${token}`, 'utf8').toString('base64')}`
    : `Bearer ${token}`;
}
