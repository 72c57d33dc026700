import { digestOf } from '../../shared/core/oci/digest.ts';
import type { TestImage } from '../shared/image.ts';
import type { PortalStack } from './portal-stack.ts';

/** Makes the calls of a client of the administrator, beside the portal. */
export function callsBy({ stack: { url }, password }: Pick<PortalStack, 'stack' | 'password'>) {
  const basic = (user: string, secret: string) => `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
  const authorization = basic('admin', password);
  const call = async (method: string, path: string, body?: Uint8Array, headers: Record<string, string> = {}) => {
    const answer = await fetch(new URL(path, url), {
      method,
      headers: { authorization, ...headers },
      ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
    });
    await answer.arrayBuffer();
    return answer;
  };
  const need = (answer: Response, status: number) => {
    if (answer.status !== status) throw new Error(`${answer.url}: ${answer.status}`);
    return answer;
  };
  const pushBlob = async (repository: string, bytes: Uint8Array): Promise<void> => {
    const started = need(await call('POST', `/v2/${repository}/blobs/uploads/`), 202);
    const patched = need(await call('PATCH', started.headers.get('location') ?? '', bytes), 202);
    need(await call('PUT', `${patched.headers.get('location') ?? ''}&digest=${digestOf(bytes)}`), 201);
  };
  return {
    pushBlob,
    push: async (repository: string, tag: string, image: TestImage): Promise<void> => {
      for (const bytes of [image.config, ...image.layers]) await pushBlob(repository, bytes);
      const type = { 'content-type': image.mediaType };
      need(await call('PUT', `/v2/${repository}/manifests/${tag}`, image.bytes, type), 201);
    },
    remove: async (repository: string, tag: string): Promise<void> => {
      const found = await call('HEAD', `/v2/${repository}/manifests/${tag}`);
      const digest = found.headers.get('docker-content-digest') ?? '';
      need(await call('DELETE', `/v2/${repository}/manifests/${digest}`), 202);
    },
    /** The status of a pull. */
    statusOf: async (repository: string, tag: string): Promise<number> => {
      return (await call('GET', `/v2/${repository}/manifests/${tag}`)).status;
    },
    /** Its tags: unlike a pull, asking for these restores nothing that a policy has removed. */
    tagsOf: async (repository: string): Promise<readonly string[]> => {
      const answer = await fetch(`${url}/v2/${repository}/tags/list`, { headers: { authorization } });
      return ((await answer.json()) as { tags: string[] }).tags;
    },
    /** The status of a login as somebody else. */
    loginStatus: async (user: string, secret: string): Promise<number> => {
      return (await fetch(`${url}/v2/`, { headers: { authorization: basic(user, secret) } })).status;
    },
  };
}
