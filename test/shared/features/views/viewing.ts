import type { App } from '../../../../shared/app/app.ts';
import { mediaTypes } from '../../../../shared/core/oci/media-types.ts';
import type { TestImage } from '../../image.ts';
import { ask, putManifest } from '../../image.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly total: number;
  readonly nextLink?: string;
}

export interface Row {
  readonly name: string;
  readonly digest: string;
  readonly bytes?: number;
  readonly lastPull?: string;
  readonly pulls30d?: number;
  readonly platforms: readonly object[];
  readonly attestations: number;
  readonly aliases: readonly string[];
  readonly aliasCount: number;
  readonly badges: Readonly<Record<string, unknown>>;
}

export async function view<T>(app: App, path: string): Promise<T> {
  const answer = await ask(app, 'GET', path.startsWith('/api') ? path : `/api/v1${path}`);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** Every page of a list, in order. */
export async function allPages<T>(app: App, path: string): Promise<Page<T>[]> {
  const pages: Page<T>[] = [];
  let next: string | undefined = path;
  while (next !== undefined) {
    const page: Page<T> = await view(app, next);
    pages.push(page);
    next = page.nextLink;
  }
  return pages;
}

export async function namesOf(app: App, path: string): Promise<string[]> {
  return (await allPages<Row>(app, path)).flatMap(({ items }) => items.map(({ name }) => name));
}

export async function tag(app: App, repository: string, image: TestImage, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    const pushed = await putManifest(app, repository, name, image);
    if (pushed.status !== 201) throw new Error(`${name}: ${pushed.status} ${await pushed.text()}`);
  }
}

export async function pull(app: App, repository: string, reference: string): Promise<void> {
  await ask(app, 'GET', `/v2/${repository}/manifests/${reference}`, { headers: { accept: mediaTypes.ociManifest } });
}

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

export async function send<T>(app: App, path: string, body: object = {}): Promise<Answer<T>> {
  const answer = await ask(app, 'POST', `/api/v1${path}`, {
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  return { status: answer.status, body: (await answer.json()) as T };
}
