import { receivedRange } from '../http/respond.ts';
import { contentLength, contentRange } from '../http/request.ts';
import { algorithmOf } from '../oci/digest.ts';
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/faults.ts';
import { isRepositoryName } from '../oci/name.ts';
import type { RepositoryKey } from '../state/names.ts';
import { finishUpload } from './finish-upload.ts';
import { mountBlob } from './links.ts';
import type { RegistryPorts } from './ports.ts';
import { digestIn } from './route.ts';
import { appendToUpload, recoverUpload } from './upload.ts';
import type { UploadBody } from './upload.ts';
import { newUpload, openUpload, signUpload } from './upload-state.ts';
import type { UploadState } from './upload-state.ts';

const stateParameter = '_state';

/** POST: starts an upload, takes a whole blob in one request (`?digest=`), or mounts one (`?mount=&from=`). */
export async function startUpload(ports: RegistryPorts, key: RepositoryKey, request: Request, query: URLSearchParams): Promise<Response> {
  const mounted = await tryMount(ports, key, query);
  if (mounted !== undefined) return created(key, mounted);
  const state = newUpload(key, ports.ids.nextId(), ports.clock.now());
  const digest = query.get('digest');
  return digest === null ? accepted(ports, state) : finish(ports, state, request, digestIn(digest));
}

async function tryMount(ports: RegistryPorts, key: RepositoryKey, query: URLSearchParams): Promise<Digest | undefined> {
  const [mount, from] = [query.get('mount'), query.get('from')];
  if (mount === null || from === null) return undefined;
  const digest = digestIn(mount);
  if (!isRepositoryName(from)) throw new RegistryError({ is: 'name-invalid', name: from });
  return (await mountBlob(ports, { registry: key.registry, repository: from }, key, digest)) ? digest : undefined;
}

/** GET, PATCH, PUT and DELETE on the URL that `startUpload` gave. */
export async function continueUpload(ports: RegistryPorts, key: RepositoryKey, id: string, request: Request, query: URLSearchParams): Promise<Response> {
  const state = openUpload(query.get(stateParameter) ?? undefined, { ...key, id }, ports.settings.uploadKey, ports.clock.now());
  switch (request.method) {
    case 'PATCH':
      return patch(ports, state, request);
    case 'PUT':
      return put(ports, state, request, query.get('digest'));
    case 'DELETE':
      // Nothing is kept for an upload but staged blocks, and those vanish by themselves.
      return new Response(null, { status: 204 });
    default:
      return progress(ports, await recoverUpload(ports, state));
  }
}

async function patch(ports: RegistryPorts, state: UploadState, request: Request): Promise<Response> {
  try {
    return accepted(ports, await appendToUpload(ports, state, uploadBody(request)));
  } catch (error) {
    if (error instanceof RegistryError && error.fault.is === 'range-invalid') throw new RegistryError({ ...error.fault, received: state.offset, location: locationOf(ports, state) });
    throw error;
  }
}

async function put(ports: RegistryPorts, state: UploadState, request: Request, digest: string | null): Promise<Response> {
  if (digest === null) throw new RegistryError({ is: 'digest-invalid', why: 'the upload is finished by PUT with ?digest=' });
  return finish(ports, state, request, digestIn(digest));
}

async function finish(ports: RegistryPorts, state: UploadState, request: Request, digest: Digest): Promise<Response> {
  const whole = await appendToUpload(ports, state, uploadBody(request), algorithmOf(digest));
  await finishUpload(ports, whole, digest);
  return created(state, digest);
}

function uploadBody(request: Request): UploadBody {
  return { stream: request.body ?? nothing(), length: contentLength(request), range: contentRange(request) };
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // An empty body has no chunk.
}

function locationOf(ports: RegistryPorts, state: UploadState): string {
  return `/v2/${state.repository}/blobs/uploads/${state.id}?${stateParameter}=${signUpload(state, ports.settings.uploadKey)}`;
}

function progressHeaders(ports: RegistryPorts, state: UploadState): Record<string, string> {
  return { Location: locationOf(ports, state), Range: receivedRange(state.offset), 'Docker-Upload-UUID': state.id, 'Content-Length': '0' };
}

function accepted(ports: RegistryPorts, state: UploadState): Response {
  return new Response(null, { status: 202, headers: progressHeaders(ports, state) });
}

function progress(ports: RegistryPorts, state: UploadState): Response {
  return new Response(null, { status: 204, headers: progressHeaders(ports, state) });
}

function created(key: RepositoryKey, digest: Digest): Response {
  const headers = { Location: `/v2/${key.repository}/blobs/${digest}`, 'Docker-Content-Digest': digest, 'Content-Length': '0' };
  return new Response(null, { status: 201, headers });
}
