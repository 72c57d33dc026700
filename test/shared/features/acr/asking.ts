import type { App } from '../../../../shared/app/app.ts';
import type { TestLongshore } from '../../../../shared/app/compose-for-test.ts';
import type { EventType } from '../../../../shared/core/events/catalogue.ts';
import { catalogue } from '../../../../shared/core/events/catalogue.ts';
import { ask } from '../../image.ts';

export interface AcrAttributes {
  readonly deleteEnabled: boolean;
  readonly writeEnabled: boolean;
  readonly listEnabled: boolean;
  readonly readEnabled: boolean;
  readonly quarantineState?: string;
  readonly quarantineDetails?: string;
}

interface AcrTag {
  readonly name: string;
  readonly digest: string;
  readonly createdTime: string;
  readonly lastUpdateTime: string;
  readonly signed: boolean;
  readonly changeableAttributes: AcrAttributes;
}

interface AcrManifest extends Omit<AcrTag, 'name' | 'signed'> {
  readonly imageSize: number;
  readonly architecture?: string;
  readonly os?: string;
  readonly mediaType: string;
  readonly configMediaType?: string;
  readonly tags?: string[];
  readonly references?: { digest: string; architecture?: string; os?: string }[];
}

export interface Answer {
  readonly status: number;
  readonly link: string | null;
  readonly body: {
    readonly registry: string;
    readonly imageName: string;
    readonly repositories: string[];
    readonly tags: AcrTag[];
    readonly tag: AcrTag;
    readonly manifests: AcrManifest[];
    readonly manifest: AcrManifest;
    readonly changeableAttributes: AcrAttributes;
    readonly manifestCount: number;
    readonly tagCount: number;
    readonly lastUpdateTime: string;
    readonly manifestsDeleted: string[];
    readonly tagsDeleted: string[];
    readonly errors: { code: string; message: string; detail?: unknown }[];
  };
}

/** Asks for JSON; `body` is sent as JSON. */
export async function askJson(app: App, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await ask(app, method, path, body === undefined ? {} : { body: JSON.stringify(body) });
  const text = await response.text();
  return {
    status: response.status,
    link: response.headers.get('link'),
    body: (text === '' ? {} : JSON.parse(text)) as Answer['body'],
  };
}

/** Status and error code, which is what most refusals are told apart by. */
export async function refusal(
  app: App,
  method: string,
  path: string,
  body?: unknown,
): Promise<[number, string | undefined]> {
  const answer = await askJson(app, method, path, body);
  return [answer.status, (answer.body as Partial<Answer['body']>).errors?.[0]?.code];
}

/** Follows `Link` as az does: each parameter is split at its `=`, and sent again. */
export async function everyPage(app: App, path: string): Promise<Answer['body'][]> {
  const pages: Answer['body'][] = [];
  let next: string | undefined = path;
  const asked = new Set<string>();
  while (next !== undefined) {
    if (asked.has(next)) throw new Error(`${next} leads to itself`);
    asked.add(next);
    const { status, link, body } = await askJson(app, 'GET', next);
    if (status !== 200) throw new Error(`${next}: ${status} ${JSON.stringify(body)}`);
    pages.push(body);
    next = link === null ? undefined : followed(link);
  }
  return pages;
}

function followed(link: string): string {
  const target = link.slice(link.indexOf('<') + 1, link.indexOf('>'));
  const [path, query = ''] = target.split('?');
  const parameters = query.split('&').map((parameter) => {
    const parts = parameter.split('=');
    if (parts.length !== 2) throw new Error(`${parameter} in ${link} is not name=value`);
    return `${String(parts[0])}=${encodeURIComponent(decodeURIComponent(String(parts[1])))}`;
  });
  return `${String(path)}?${parameters.join('&')}`;
}

/** Types of the published events, each checked against the catalogue. */
export function publishedTypes({ world }: TestLongshore): string[] {
  return world.region().events.log.map((event) => {
    catalogue[event.type as EventType].data.parse(event.data);
    return event.type;
  });
}
