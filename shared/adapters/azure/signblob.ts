import type { BlobSASSignatureValues, BlobServiceClient, ContainerClient } from '@azure/storage-blob';
import {
  BlobSASPermissions,
  generateBlobSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { defined } from '../../core/documents/defined.ts';
import { cachedDelegationKey } from './delegationkey.ts';

/** The start lies back by this: clocks of Azure and of clients may be behind ours. */
const skewMs = 900_000;
const read = BlobSASPermissions.parse('r');

/**
 * Makes URLs that read one blob. With an account's key no call of the service is needed; with an identity a delegation
 * key is fetched, twice in its life. A signature costs 20 µs, so none is cached: each URL lives exactly as long as
 * requested.
 */
export function blobUrlSigner(
  service: BlobServiceClient,
  container: ContainerClient,
): (name: string, seconds: number) => Promise<string> {
  const sign = signature(service);
  const https = service.url.startsWith('https:');
  return async (name, seconds) => {
    const now = Date.now();
    const query = await sign({
      containerName: container.containerName,
      blobName: name,
      permissions: read,
      startsOn: new Date(now - skewMs),
      expiresOn: new Date(now + seconds * 1000),
      // A service without TLS refuses URLs that are signed for https only.
      ...defined({ protocol: https ? SASProtocol.Https : undefined }),
    });
    return `${container.getBlobClient(name).url}?${query}`;
  };
}

function signature(service: BlobServiceClient): (values: BlobSASSignatureValues) => Promise<string> {
  const { credential, accountName } = service;
  if (credential instanceof StorageSharedKeyCredential)
    return (values) => Promise.resolve(generateBlobSASQueryParameters(values, credential).toString());
  const delegationKey = cachedDelegationKey((startsOn, expiresOn) => service.getUserDelegationKey(startsOn, expiresOn));
  return async (values) => generateBlobSASQueryParameters(values, await delegationKey(), accountName).toString();
}
