import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import type { Places } from '../documents/whole-list.ts';
import type { Tag } from '../http/management.ts';
import {
  absent,
  body,
  conflicting,
  json,
  managementRoutes,
  nameSchema,
  nextLink,
  pageOf,
  pageSchema,
  timesSchema,
} from '../http/management.ts';
import { changed, changeOf } from '../http/merge-patch.ts';
import { RegistryError } from '../oci/faults.ts';
import type { RegistryName } from '../oci/name.ts';
import type { CoveringSettings, PolicyPorts, VerdictPolicies, VerdictPolicy } from './policies.ts';

/** The words in which the API describes the policies of one part. */
export interface PolicyWords {
  readonly tag: Tag;
  /** The path of the list. */
  readonly path: string;
  /** One policy, as `quarantine policy`. */
  readonly one: string;
  /** The name of its schema, as `QuarantinePolicy`; the names of operations are made of it. */
  readonly component: string;
  readonly code: `${string}NotFound`;
}

export interface PolicyRoutePorts extends PolicyPorts {
  readonly registry: RegistryName;
  readonly places: Places;
}

/** Makes the routes of the policies of one part: a list, and each by its name. */
export function verdictPolicyRoutes<S extends CoveringSettings>(
  ports: PolicyRoutePorts,
  policies: VerdictPolicies<S>,
  settings: z.ZodObject,
  words: PolicyWords,
): OpenAPIHono {
  const { documents, registry, places } = ports;
  const routes = routesOf(settings, words);
  const api = managementRoutes(words.tag);
  const theOne = async (name: string) => {
    const policy = await policies.find(documents, registry, name);
    if (policy === undefined) throw unknown(words, name);
    return policy;
  };
  api.openapi(routes.list, async (context) => {
    const all = await policies.list(documents, registry);
    const page = places.pageOf(words.path, all, ({ name }) => name, context.req.valid('query'));
    return context.json({ items: page.items.map(shown), ...nextLink(context.req, page.continuation) }, 200);
  });
  api.openapi(routes.read, async (context) => context.json(shown(await theOne(context.req.valid('param').name)), 200));
  api.openapi(routes.put, async (context) => {
    const { policy, created } = await policies.put(
      ports,
      registry,
      context.req.valid('param').name,
      context.req.valid('json') as S,
    );
    return context.json(shown(policy), created ? 201 : 200);
  });
  api.openapi(routes.patch, async (context) => {
    const { name, settings: before } = await theOne(context.req.valid('param').name);
    const after = changed(settings, before, context.req.valid('json')) as S;
    return context.json(shown((await policies.put(ports, registry, name, after)).policy), 200);
  });
  api.openapi(routes.remove, async (context) => {
    const { name } = context.req.valid('param');
    if (!(await policies.remove(ports, registry, name))) throw unknown(words, name);
    return context.body(null, 204);
  });
  return api;
}

function shown<S>({ name, settings, createdAt, updatedAt }: VerdictPolicy<S>) {
  return { name, ...settings, createdAt, updatedAt };
}

function unknown({ one, code }: PolicyWords, name: string): RegistryError {
  return new RegistryError({ is: 'thing-unknown', code, what: `${one} "${name}"` });
}

/** The routes of one kind of policy are made once: the document has each of them once. */
const known = new Map<string, ReturnType<typeof makeRoutes>>();

function routesOf(settings: z.ZodObject, words: PolicyWords) {
  const made = known.get(words.path) ?? makeRoutes(settings, words);
  known.set(words.path, made);
  return made;
}

function schemasFor(settings: z.ZodObject, { one, component }: PolicyWords) {
  const policySchema = z
    .object({ name: z.string().openapi({ description: `The name of the ${one}.` }), ...settings.shape, ...timesSchema })
    .openapi(component, { description: `A ${one}.` });
  const settingsSchema = z
    .strictObject(settings.shape)
    .openapi(`${component}Settings`, { description: `The settings of a ${one}.` });
  const changeSchema = changeOf(settings.shape).openapi(`${component}Change`, {
    description: `The changes of a ${one}: an absent property stays as it is, null sets its default.`,
  });
  const listSchema = pageOf(policySchema, 'The policies in the order of their names.').openapi(`${component}List`, {
    description: `A page of the list of each ${one}.`,
  });
  return { policySchema, settingsSchema, changeSchema, listSchema };
}

function makeRoutes(settings: z.ZodObject, words: PolicyWords) {
  const { path, one, component, code } = words;
  const { policySchema, settingsSchema, changeSchema, listSchema } = schemasFor(settings, words);
  const example = { description: `The name of a ${one}.`, example: 'release' };
  const params = z.object({ name: nameSchema.openapi(example) });
  const byName = `${path}/{name}`;
  return {
    list: createRoute({
      method: 'get',
      path,
      operationId: `list${component.replace(/y$/, 'ies')}`,
      summary: `Lists each ${one}`,
      description: `Lists each ${one} in the order of their names; an image must pass all that cover it.`,
      request: { query: pageSchema },
      responses: { 200: json('A page of policies.', listSchema) },
    }),
    read: createRoute({
      method: 'get',
      path: byName,
      operationId: `get${component}`,
      summary: `Gets a ${one}`,
      description: `Gets one ${one} by its name.`,
      request: { params },
      responses: { ...absent(code), 200: json('The policy of this name.', policySchema) },
    }),
    put: createRoute({
      method: 'put',
      path: byName,
      operationId: `put${component}`,
      summary: `Creates or replaces a ${one}`,
      description:
        `Creates a ${one}, or replaces all of it. What it covers is judged anew; until then each image stays as open ` +
        'or as held as it was.',
      request: { params, ...body(settingsSchema) },
      responses: {
        ...conflicting('tooManyPolicies'),
        200: json('The policy was replaced.', policySchema),
        201: json('The policy was created.', policySchema),
      },
    }),
    patch: createRoute({
      method: 'patch',
      path: byName,
      operationId: `update${component}`,
      summary: `Changes a ${one}`,
      description: `Changes those properties of a ${one} that the body has.`,
      request: { params, ...body(changeSchema) },
      responses: { ...absent(code), 200: json('The policy as it is now.', policySchema) },
    }),
    remove: createRoute({
      method: 'delete',
      path: byName,
      operationId: `delete${component}`,
      summary: `Deletes a ${one}`,
      description: `Deletes a ${one}. What it alone held is released once it was judged anew.`,
      request: { params },
      responses: { ...absent(code), 204: { description: 'The policy was deleted.' } },
    }),
  };
}
