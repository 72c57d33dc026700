import type { RepositoryKey } from '../../core/documents/names.ts';
import { bodyOf, contentLength, contentRange } from '../../core/http/request.ts';
import { receivedRange } from '../../core/http/respond.ts';
import type { Digest, DigestAlgorithm } from '../../core/oci/digest.ts';
import { algorithmOf, isDigestAlgorithm } from '../../core/oci/digest.ts';
import { digestIn } from '../../core/oci/digest-in.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import { isRepositoryName } from '../../core/oci/name.ts';
import type { Asker } from '../../core/ports/authorize.ts';
import { cancelUpload, requireUncancelled, requireUnderWay } from './cancel-upload.ts';
import { finishUpload } from './finish-upload.ts';
import { mountBlob, mountFromAnywhere } from './mount.ts';
import type { RegistryPorts } from './ports.ts';
import type { UploadBody } from './upload.ts';
import { appendToUpload, recoverUpload } from './upload.ts';
import type { UploadState } from './upload-state.ts';
import { newUpload, opensByItself, openUpload, signUpload } from './upload-state.ts';

const stateParameter = '_state';

/**
 * Answers POST: starts an upload, receives a whole blob in one request (`?digest=`), or mounts one (`?mount=`, with or
 * without `&from=`).
 */
export async function startUpload(
  ports: RegistryPorts,
  key: RepositoryKey,
  request: Request,
  query: URLSearchParams,
  asker: Asker,
): Promise<Response> {
  const mounted = await tryMount(ports, key, query, asker);
  if (mounted !== undefined) return created(key, mounted);
  const digest = query.get('digest');
  const named = digest === null ? undefined : digestIn(digest);
  const state = newUpload(
    key,
    ports.ids.nextId(),
    named === undefined ? algorithmIn(query) : algorithmOf(named),
    ports.clock.now(),
    { region: await regionForUpload(ports), open: ports.settings.uploadsUrl !== undefined },
  );
  return named === undefined ? accepted(ports, state) : finish(inRegionOf(ports, state), state, request, named);
}

/** Parses `?digest-algorithm=` (distribution-spec). Throws `RegistryError` (`digest-invalid`). */
function algorithmIn(query: URLSearchParams): DigestAlgorithm {
  const given = query.get('digest-algorithm') ?? 'sha256';
  if (isDigestAlgorithm(given)) return given;
  throw new RegistryError({
    is: 'digest-invalid',
    why: `digest-algorithm must be sha256 or sha512, not "${given.slice(0, 50)}"`,
  });
}

async function tryMount(
  ports: RegistryPorts,
  key: RepositoryKey,
  query: URLSearchParams,
  asker: Asker,
): Promise<Digest | undefined> {
  const [mount, from] = [query.get('mount'), query.get('from')];
  if (mount === null) return undefined;
  const digest = digestIn(mount);
  if (from === null) return (await mountFromAnywhere(ports, key, digest, asker)) ? digest : undefined;
  if (!isRepositoryName(from)) throw new RegistryError({ is: 'name-invalid', name: from.slice(0, 300) });
  // Nothing is read then, so the answer does not reveal whether the source has the blob.
  if (!asker.caller.may({ type: 'repository', name: from, action: 'pull' })) return undefined;
  const source = { registry: key.registry, repository: from };
  return (await mountBlob(ports, source, key, digest, asker)) ? digest : undefined;
}

/**
 * Returns whether the URL of an upload is enough without credentials: where uploads go to a host of their own,
 * containerd and Docker's engine send no credentials there. The client that started the upload was allowed to push, and
 * the URL opens nothing but this upload.
 */
export function needsNoCredentials(
  { settings, clock }: RegistryPorts,
  key: RepositoryKey,
  id: string,
  query: URLSearchParams,
): boolean {
  return (
    settings.uploadsUrl !== undefined &&
    opensByItself(query.get(stateParameter) ?? undefined, { ...key, id }, settings.uploadKey, clock.now())
  );
}

/**
 * Returns the region for a new upload: this one, or the next while its storage is down. URLs name it only if there is a
 * choice, for they are long enough.
 */
async function regionForUpload({ regions }: RegistryPorts): Promise<string | undefined> {
  if (regions.names.length === 1) return undefined;
  for (const name of regions.names) if (await regions.isUp(name)) return name;
  return regions.here;
}

/** Returns the ports of the region that has the upload's bytes, so that a request in another region continues there. */
function inRegionOf(ports: RegistryPorts, { region }: UploadState): RegistryPorts {
  if (region === undefined || region === ports.regions.here) return ports;
  const blobs = ports.regions.blobsIn(region);
  if (blobs === undefined)
    throw new RegistryError({
      is: 'upload-unknown',
      why: `its bytes are in the region "${region.slice(0, 40)}", which is not one of this registry's`,
    });
  return { ...ports, blobs, settings: { ...ports.settings, region } };
}

/** Answers GET, PATCH, PUT and DELETE on the URL that `startUpload` returned. */
export async function continueUpload(
  reached: RegistryPorts,
  key: RepositoryKey,
  id: string,
  request: Request,
  query: URLSearchParams,
): Promise<Response> {
  const state = openUpload(
    query.get(stateParameter) ?? undefined,
    { ...key, id },
    reached.settings.uploadKey,
    reached.clock.now(),
  );
  const ports = inRegionOf(reached, state);
  requireUncancelled(ports.cancelled, state);
  switch (request.method) {
    case 'PATCH':
      return accepted(ports, await append(ports, state, request));
    case 'PUT':
      return put(ports, state, request, query.get('digest'));
    case 'DELETE':
      await cancelUpload(ports, state);
      return new Response(null, { status: 204 });
    default:
      return progress(ports, await whereItStands(ports, state));
  }
}

async function whereItStands(ports: RegistryPorts, state: UploadState): Promise<UploadState> {
  const [recovered] = await Promise.all([recoverUpload(ports, state), requireUnderWay(ports, state)]);
  return recovered;
}

/** Appends a body. The answer to a chunk that is out of order says where to continue. */
async function append(
  ports: RegistryPorts,
  state: UploadState,
  request: Request,
  algorithm?: DigestAlgorithm,
): Promise<UploadState> {
  try {
    return await appendToUpload(ports, state, uploadBody(request), algorithm);
  } catch (error) {
    if (!(error instanceof RegistryError) || error.fault.is !== 'range-invalid') throw error;
    throw new RegistryError({
      ...error.fault,
      received: error.fault.received ?? state.offset,
      location: locationOf(ports, state),
    });
  }
}

async function put(
  ports: RegistryPorts,
  state: UploadState,
  request: Request,
  digest: string | null,
): Promise<Response> {
  if (digest === null)
    throw new RegistryError({ is: 'digest-invalid', why: 'an upload is finished by PUT with ?digest=DIGEST' });
  return finish(ports, state, request, digestIn(digest));
}

async function finish(ports: RegistryPorts, state: UploadState, request: Request, digest: Digest): Promise<Response> {
  await finishUpload(ports, await append(ports, state, request, algorithmOf(digest)), digest);
  return created(state, digest);
}

function uploadBody(request: Request): UploadBody {
  return { stream: bodyOf(request), length: contentLength(request), range: contentRange(request) };
}

function locationOf(ports: RegistryPorts, state: UploadState): string {
  const { uploadsUrl, uploadKey } = ports.settings;
  const path = `/v2/${state.repository}/blobs/uploads/${state.id}`;
  return `${uploadsUrl?.origin ?? ''}${path}?${stateParameter}=${signUpload(state, uploadKey)}`;
}

function progressHeaders(ports: RegistryPorts, state: UploadState): Record<string, string> {
  return {
    Location: locationOf(ports, state),
    Range: receivedRange(state.offset),
    'Docker-Upload-UUID': state.id,
    'Content-Length': '0',
  };
}

function accepted(ports: RegistryPorts, state: UploadState): Response {
  return new Response(null, { status: 202, headers: progressHeaders(ports, state) });
}

function progress(ports: RegistryPorts, state: UploadState): Response {
  return new Response(null, { status: 204, headers: progressHeaders(ports, state) });
}

function created(key: RepositoryKey, digest: Digest): Response {
  const headers = {
    Location: `/v2/${key.repository}/blobs/${digest}`,
    'Docker-Content-Digest': digest,
    'Content-Length': '0',
  };
  return new Response(null, { status: 201, headers });
}
