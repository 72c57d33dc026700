import type { OpenAPIHono } from '@hono/zod-openapi';
import { defined } from '../core/documents/defined.ts';
import type { FeatureParts } from '../core/feature/feature.ts';
import { generalErrors } from '../core/http/api-errors.ts';
import { errorsSchemaOf, tagComponents, usualSecurity } from '../core/http/management.ts';

const retryAfter = {
  'Retry-After': {
    description: 'The seconds to wait before the request is sent again.',
    schema: { type: 'integer' as const, minimum: 1 },
  },
};

const securitySchemes = {
  password: {
    type: 'http' as const,
    scheme: 'basic',
    description: 'The name of a token, or admin, and a password.',
  },
  accessToken: {
    type: 'http' as const,
    scheme: 'bearer',
    description: 'An access token of /oauth2/token.',
  },
  inboundSecret: {
    type: 'apiKey' as const,
    in: 'header' as const,
    name: 'X-Longshore-Token',
    description: 'The secret of an inbound notification, or a signature of the body that is made with it.',
  },
};

/** The OpenAPI document of `/api/v1`: what clients are made from, so that everything in it has a name and a sentence. */
export async function describeApi(api: OpenAPIHono, parts: readonly FeatureParts[]): Promise<object> {
  const registry = api.openAPIRegistry;
  for (const { describe } of parts) await describe?.(registry);
  for (const { name, description, codes, isRetried } of generalErrors)
    registry.registerComponent('responses', name, {
      description,
      ...defined({ headers: isRetried === true ? retryAfter : undefined }),
      content: { 'application/json': { schema: errorsSchemaOf(codes) } },
    });
  for (const [name, scheme] of Object.entries(securitySchemes))
    registry.registerComponent('securitySchemes', name, scheme);
  const document = api.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Longshore',
      version: '1.0.0',
      description:
        'The management API of Longshore, a container registry. Lists answer with items and, if there ' +
        'are more, with nextLink. Errors have a code for programs, which never changes, and a message ' +
        'for people.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: '/api/v1', description: 'This registry.' }],
    security: usualSecurity,
  });
  return withTags(document);
}

/** Parts of the API bring their tags along as components, for routers below the root have no other place. */
function withTags(document: object): object {
  const { components, ...rest } = document as { components?: Record<string, Record<string, object>> };
  const { [tagComponents]: tags = {}, ...others } = components ?? {};
  const sorted = Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...rest, tags: sorted.map(([name, about]) => ({ name, ...about })), components: others };
}
