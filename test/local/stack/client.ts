import { digestOf } from '../../../shared/core/oci/digest.ts';
import type { TestImage } from '../../shared/image.ts';

/** A registry client over real HTTP: what docker does, by fetch. */
export async function pushOver(url: string, repository: string, tag: string, image: TestImage): Promise<number> {
  for (const blob of [image.config, ...image.layers]) await uploadOver(url, repository, blob);
  const pushed = await fetch(`${url}/v2/${repository}/manifests/${tag}`, {
    method: 'PUT',
    body: image.bytes as Uint8Array<ArrayBuffer>,
    headers: { 'content-type': image.mediaType },
  });
  await pushed.arrayBuffer();
  return pushed.status;
}

async function uploadOver(url: string, repository: string, bytes: Uint8Array): Promise<void> {
  const digest = digestOf(bytes);
  if ((await fetch(`${url}/v2/${repository}/blobs/${digest}`, { method: 'HEAD' })).status === 200) return;
  const started = await fetch(`${url}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  const patched = await fetch(`${url}${started.headers.get('location') ?? ''}`, {
    method: 'PATCH',
    body: bytes as Uint8Array<ArrayBuffer>,
  });
  const finished = await fetch(`${url}${patched.headers.get('location') ?? ''}&digest=${digest}`, { method: 'PUT' });
  if (finished.status !== 201) throw new Error(`upload: ${finished.status} ${await finished.text()}`);
}

export type Pulled = 'whole' | 'unknown' | 'damaged';

/** Pulls an image with all its blobs, following redirects, and compares every byte. */
export async function pullOver(url: string, repository: string, reference: string, image: TestImage): Promise<Pulled> {
  const manifest = await fetch(`${url}/v2/${repository}/manifests/${reference}`);
  const bytes = Buffer.from(await manifest.arrayBuffer());
  if (manifest.status === 404) return 'unknown';
  if (manifest.status !== 200 || !bytes.equals(image.bytes)) return 'damaged';
  for (const blob of [image.config, ...image.layers]) {
    const answer = await fetch(`${url}/v2/${repository}/blobs/${digestOf(blob)}`);
    const got = Buffer.from(await answer.arrayBuffer());
    if (answer.status === 404 && answer.url.startsWith(url)) return 'unknown';
    if (answer.status !== 200 || !got.equals(blob)) return 'damaged';
  }
  return 'whole';
}
