import type { ApiDocument } from './api/document.ts';

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

/** Work that has an end is at its end, or commands would wait for it. */
const ended = ['done', 'ended', 'finished', 'completed', 'complete', 'succeeded', 'awaiting', 'delivered'];

/** Makes a value of a schema with all of its properties, in which every string is one that acts. */
function lieOf(document: ApiDocument, schema: Schema, text: string, depth = 0): unknown {
  const inside = (each: Schema) => lieOf(document, each, text, depth + 1);
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1) ?? '';
    return depth > 12 ? undefined : inside((document.components.schemas as Record<string, Schema>)[name] ?? {});
  }
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum.find((each) => ended.includes(String(each))) ?? schema.enum[0];
  if (schema.allOf !== undefined)
    return Object.assign({}, ...schema.allOf.map((each) => inside(each) as object)) as unknown;
  const [first] = schema.anyOf ?? schema.oneOf ?? [];
  if (first !== undefined) return inside(first);
  switch ([schema.type].flat()[0]) {
    case 'array':
      return depth > 12 ? [] : [inside(schema.items ?? {})];
    case 'boolean':
      return true;
    case 'integer':
    case 'number':
      return 1;
    case 'object': {
      const known = Object.entries(schema.properties ?? {}).filter(([name]) => name !== 'nextLink');
      const more =
        typeof schema.additionalProperties === 'object' ? [[text, schema.additionalProperties] as const] : [];
      return Object.fromEntries([...known, ...more].map(([name, each]) => [name, inside(each)]));
    }
    default:
      return text;
  }
}

const ofIndex = {
  'content-type': 'application/vnd.oci.image.index.v1+json',
  'docker-content-digest': `sha256:${'0'.repeat(64)}`,
};

/** Answers every request as the document of the API says, with lies for strings. */
export function lyingAnswer(document: ApiDocument, request: Request, text: string): Response {
  const { pathname } = new URL(request.url);
  if (pathname.endsWith('/log') || pathname.endsWith('/export.csv')) return new Response(`${text}\r\n${text}`);
  if (pathname.includes('/manifests/') && pathname.startsWith('/v2/'))
    return Response.json({ manifests: [{ digest: text, mediaType: text }, { digest: text }] }, { headers: ofIndex });
  if (!pathname.startsWith('/api/v1/')) return new Response(null, { status: 202 });
  const path = pathname.slice('/api/v1'.length);
  const [, operations] =
    Object.entries(document.paths)
      .toSorted(([one], [other]) => one.split('{').length - other.split('{').length)
      .find(([each]) => new RegExp(`^${each.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path)) ?? [];
  const responses = operations?.[request.method.toLowerCase()]?.responses ?? {};
  const [status = '200', found] = Object.entries(responses).find(([each]) => each.startsWith('2')) ?? [];
  const { content } = (found ?? {}) as { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> };
  const schema = content?.['application/json']?.schema;
  if (schema === undefined) return new Response(null, { status: 204 });
  return Response.json(lieOf(document, schema, text), { status: Number(status) });
}
