import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { digestOf } from '../../shared/core/oci/digest.ts';
import { mediaTypes } from '../../shared/core/oci/media-types.ts';
import { isRepositoryName, isTag } from '../../shared/core/oci/name.ts';

/** The place that an image is pushed to. */
export interface Reference {
  readonly origin: string;
  readonly repository: string;
  readonly tag: string;
}

export interface Registry {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** The password of the user admin, where the registry asks for one. */
  readonly password?: string | undefined;
}

/** Parses `HOST/REPOSITORY:TAG` as docker has it; without a tag it is `latest`. Throws an `Error` for anything else. */
export function referenceIn(text: string): Reference {
  const [, scheme, host = '', repository = '', tag = 'latest'] =
    /^(https?:\/\/)?([^/]+)\/([^:]+)(?::([^:/]+))?$/.exec(text) ?? [];
  const origin = `${scheme ?? (isHere(host) ? 'http://' : 'https://')}${host}`;
  if (!URL.canParse(origin) || !isRepositoryName(repository) || !isTag(tag))
    throw new Error(
      `${text === '' ? 'no image is named' : `"${text}" is none`}: it is HOST/REPOSITORY:TAG, as in 127.0.0.1:5000/team/hello:1`,
    );
  return { origin, repository, tag };
}

function isHere(host: string): boolean {
  return /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?$/.test(host);
}

/** Makes an image of one small file that says `text`, and pushes it as clients do. Returns its digest. */
export async function pushSample(registry: Registry, to: Reference, text: string): Promise<string> {
  const tar = await tarOf('hello.txt', text);
  const layer = gzipSync(tar);
  const config = jsonOf({
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
  });
  const manifest = jsonOf({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: described('application/vnd.oci.image.config.v1+json', config),
    layers: [described('application/vnd.oci.image.layer.v1.tar+gzip', layer)],
  });
  for (const blob of [config, layer]) await pushBlob(registry, to, blob);
  await send(registry, `${to.origin}/v2/${to.repository}/manifests/${to.tag}`, 'PUT', {
    body: manifest,
    type: mediaTypes.ociManifest,
  });
  return digestOf(manifest);
}

async function pushBlob(registry: Registry, { origin, repository }: Reference, bytes: Uint8Array): Promise<void> {
  const started = await send(registry, `${origin}/v2/${repository}/blobs/uploads/`, 'POST');
  const upload = new URL(started.headers.get('location') ?? '', origin);
  upload.searchParams.set('digest', digestOf(bytes));
  await send(registry, upload.href, 'PUT', { body: bytes, type: 'application/octet-stream' });
}

/** Throws an `Error` that says what to do when nothing answers, or the answer is a refusal. */
async function send(
  { fetch, password }: Registry,
  url: string,
  method: string,
  content?: { readonly body: Uint8Array; readonly type: string },
): Promise<Response> {
  const headers = {
    ...(password === undefined
      ? {}
      : { authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}` }),
    ...(content === undefined ? {} : { 'content-type': content.type }),
  };
  const request = new Request(url, {
    method,
    headers,
    ...(content === undefined ? {} : { body: content.body as Uint8Array<ArrayBuffer> }),
  });
  const { host } = new URL(url);
  let answer: Response;
  try {
    answer = await fetch(request);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new Error(`nothing answers at ${host} (${cause}): does "npm start" run there?`, { cause: error });
  }
  if (answer.status < 400) return answer;
  const said = (await answer.text()).slice(0, 300);
  if (answer.status === 401)
    throw new Error(
      `${host} ${password === undefined ? 'asks for credentials' : 'refuses the password'}: ` +
        'set LONGSHORE_ADMIN_PASSWORD to that of the user admin',
    );
  throw new Error(`${host} refuses it with ${answer.status}: ${said}`);
}

async function tarOf(name: string, text: string): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name, mtime: new Date(0) }, text);
  tar.finalize();
  const parts: Buffer[] = [];
  for await (const part of tar as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}

function jsonOf(content: object): Buffer {
  return Buffer.from(JSON.stringify(content));
}

function described(mediaType: string, bytes: Uint8Array) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}
