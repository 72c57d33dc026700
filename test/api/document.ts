import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { composeForTest } from '../../shared/app/compose-for-test.ts';

/** Beside other things that are made from the sources, and are in no repository. */
export const folder = join(import.meta.dirname, '../../node_modules/.cache/openapi');
const file = join(folder, 'openapi.json');

export interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly object[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly description?: string }[];
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<string, { readonly $ref?: string; readonly description?: string }>>;
}

export interface ApiDocument {
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, { readonly description?: string }>>;
    readonly responses: Readonly<Record<string, object>>;
  };
}

export async function readDocument(): Promise<ApiDocument> {
  const answer = await composeForTest().app.fetch(new Request('http://registry.example/api/v1/openapi.json'));
  return (await answer.json()) as ApiDocument;
}

/** Writes the document for tools that read files. */
export async function writeDocument(): Promise<string> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${JSON.stringify(await readDocument(), null, 2)}\n`);
  return file;
}
