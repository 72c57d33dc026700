import type { OpenAPIHono } from '@hono/zod-openapi';
import { parseStored, readStored } from '../../../core/documents/stored.ts';
import { managementRoutes } from '../../../core/http/management.ts';
import { readSmallBody } from '../../../core/http/request.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { jsonIn } from '../../../core/oci/json.ts';
import { taggedOf } from '../edges/cycles.ts';
import type { TaggedImage } from '../edges/documents.ts';
import { learnedRef, learnedSchema } from '../edges/documents.ts';
import { dependentsOf } from '../edges/learn.ts';
import type { BaseReference } from '../edges/names.ts';
import { baseReference, ownBase, shownReference } from '../edges/names.ts';
import { takeCallback } from '../elsewhere/callback.ts';
import { claimJob } from '../elsewhere/claim.ts';
import { explain } from '../explain.ts';
import { maxNotificationBytes } from '../inbound/let-in.ts';
import { claims, tells } from '../inbound/proof.ts';
import { deleteInboundSecret, putInboundSecret } from '../inbound/secrets.ts';
import { cancelBuild } from '../plan/cancel.ts';
import { buildRef, buildSchema, buildsQueue, nameIn, nodeRef, nodeSchema, nodesOf } from '../plan/documents.ts';
import { followLog } from '../plan/follow-log.ts';
import { dependentsIn } from '../plan/graph.ts';
import { buildsOf } from '../plan/list.ts';
import { readLog } from '../plan/log.ts';
import { policyRef, putPolicy, readPolicies } from '../plan/policies.ts';
import { retryBuild } from '../plan/retry.ts';
import { readRules } from '../plan/rules.ts';
import type { BuildPorts } from '../ports.ts';
import { deleteLogin, putLogin } from '../upstream/logins.ts';
import { pushedIn } from '../upstream/notified.ts';
import { hastenLook } from '../upstream/watch.ts';
import { hookRoutes } from './hooks-http.ts';
import { showBases, showBuild, showEdge, showNode, showPolicy } from './shown.ts';
import { taskRoutes } from './tasks-http.ts';
import { treeOf } from './tree.ts';
import { routes } from './wire.ts';

/** `/bases` and `/builds` of the management API. */
export function buildRoutes(ports: BuildPorts): OpenAPIHono {
  const api = managementRoutes();
  baseRoutes(api, ports);
  sourceRoutes(api, ports);
  policyRoutes(api, ports);
  askingRoutes(api, ports);
  readingRoutes(api, ports);
  changingRoutes(api, ports);
  return api.route('/', taskRoutes(ports)).route('/', hookRoutes(ports));
}

/**
 * A name without a host is of this registry: nobody asks a registry of what it does not have, but for another's base.
 */
function ownReference({ registry }: BuildPorts, text: string): BaseReference {
  const reference = baseReference(`longshore.invalid/${text}`, registry, ['longshore.invalid']);
  if (reference !== undefined) return reference;
  throw new RegistryError({
    is: 'request-invalid',
    why: `"${text.slice(0, 100)}" is no image: name it as repository:tag`,
  });
}

function ownImage(ports: BuildPorts, text: string): TaggedImage {
  const image = taggedOf(ports, ownReference(ports, text));
  if (image === undefined)
    throw new RegistryError({
      is: 'request-invalid',
      why: `"${text.slice(0, 100)}" is no image with a tag: name it as repository:tag`,
    });
  return image;
}

/** One that names a host is of that registry, or of this. */
function anyReference(ports: BuildPorts, text: string): BaseReference {
  const [first = ''] = text.split('/', 1);
  const named =
    text.includes('/') && /[.:]|^localhost$/.test(first)
      ? baseReference(text, ports.registry, ports.ownHosts)
      : undefined;
  return named ?? ownReference(ports, text);
}

function baseRoutes(api: OpenAPIHono, ports: BuildPorts): void {
  api.openapi(routes.bases, async (context) => {
    const { image: text, limit, continuation } = context.req.valid('query');
    const reference = anyReference(ports, text);
    const own = taggedOf(ports, reference);
    const learned =
      own === undefined
        ? undefined
        : (await readStored(ports.documents, learnedSchema, learnedRef(own, own.tag)))?.document;
    const page = await dependentsOf(ports, reference.base, reference.tag, { limit, continuation });
    const next = page.continuation === undefined ? {} : { continuation: page.continuation };
    return context.json(
      {
        image: shownReference(reference),
        bases: learned === undefined ? [] : showBases(learned),
        refused: learned?.refused ?? [],
        dependents: page.edges.map(showEdge),
        ...next,
      },
      200,
    );
  });
  api.openapi(routes.notify, async (context) => {
    // Each registry calls its JSON something else.
    const pushed = pushedIn(
      context.req.valid('param').source,
      jsonIn(await readSmallBody(context.req.raw, 'notification', maxNotificationBytes)),
    );
    if ('wrong' in pushed) throw new RegistryError({ is: 'request-invalid', why: pushed.wrong });
    const references = pushed.images.flatMap((text) => baseReference(text, ports.registry, ports.ownHosts) ?? []);
    const hastened = await Promise.all(
      references.map(
        async ({ base, tag }) => tag !== undefined && !base.startsWith('own:') && (await hastenLook(ports, base, tag)),
      ),
    );
    const watched = hastened.filter(Boolean).length;
    if (watched > 0) await ports.queues.sendMessage(buildsQueue, { watch: true });
    return context.json({ watched }, 202);
  });
  api.openapi(routes.tree, async (context) =>
    context.json(await treeOf(ports, anyReference(ports, context.req.valid('query').image)), 200),
  );
}

function sourceRoutes(api: OpenAPIHono, ports: BuildPorts): void {
  api.openapi(routes.putSource, async (context) => {
    const { source } = context.req.valid('param');
    const secret = await putInboundSecret(ports, `bases:${source}`, context.req.valid('json').secret);
    return context.json({ source, secret }, 200);
  });
  api.openapi(routes.putLogin, async (context) => {
    const settings = context.req.valid('json');
    const { host } = await putLogin(ports, context.req.valid('param').host, settings);
    return context.json({ host, ...settings }, 200);
  });
  api.openapi(routes.deleteLogin, async (context) => {
    const { host } = context.req.valid('param');
    if (!(await deleteLogin(ports, host))) throw new RegistryError({ is: 'thing-unknown', what: `login at ${host}` });
    return context.body(null, 204);
  });
  api.openapi(routes.deleteSource, async (context) => {
    await deleteInboundSecret(ports, `bases:${context.req.valid('param').source}`);
    return context.body(null, 204);
  });
}

function policyRoutes(api: OpenAPIHono, ports: BuildPorts): void {
  const { documents, registry, clock } = ports;
  api.openapi(routes.policies, async (context) =>
    context.json({ policies: (await readPolicies(documents, registry)).map(showPolicy) }, 200),
  );
  api.openapi(routes.putPolicy, async (context) =>
    context.json(
      showPolicy(
        await putPolicy(documents, registry, context.req.valid('param').name, context.req.valid('json'), clock.now()),
      ),
      200,
    ),
  );
  api.openapi(routes.deletePolicy, async (context) => {
    const { name } = context.req.valid('param');
    const outcome = await documents.commitDocuments(
      'registries',
      [registry],
      [{ do: 'delete', id: policyRef(registry, name).id }],
    );
    if (!outcome.committed) throw new RegistryError({ is: 'thing-unknown', what: `build policy "${name}"` });
    return context.body(null, 204);
  });
}

function changingRoutes(api: OpenAPIHono, ports: BuildPorts): void {
  api.openapi(routes.cancel, async (context) => {
    const { build } = context.req.valid('param');
    await cancelBuild(ports, build);
    return context.json({ build }, 202);
  });
  api.openapi(routes.callback, async (context) => {
    const [{ build }, { image: text }, told] = [
      context.req.valid('param'),
      context.req.valid('query'),
      context.req.valid('json'),
    ];
    const received = { headers: context.req.raw.headers, query: new URL(context.req.url).searchParams };
    // Who has the management API's credentials may tell of any, and then of the one that is at work.
    await takeCallback(ports, build, ownImage(ports, text), told, (hash) => !claims(received) || tells(hash, received));
    return context.json({ image: text, state: told.state }, 202);
  });
  api.openapi(routes.job, async (context) =>
    context.json(
      await claimJob(ports, context.req.valid('param').build, ownImage(ports, context.req.valid('query').image)),
      200,
    ),
  );
  api.openapi(routes.retry, async (context) => {
    const build = await retryBuild(ports, context.req.valid('param').build);
    return context.json(build === undefined ? {} : { build }, 202);
  });
}

function askingRoutes(api: OpenAPIHono, ports: BuildPorts): void {
  api.openapi(routes.dryRun, async (context) => {
    const { base, tag = 'latest' as never } = ownReference(ports, context.req.valid('query').base);
    const dependents = await dependentsIn(ports, [{ base, tag }], await readRules(ports));
    const images = [...dependents.values()]
      .sort((a, b) => a.level - b.level)
      .map((each) => ({
        image: `${each.repository}:${each.tag}`,
        mode: each.rule.mode,
        by: each.rule.by,
        after: [...each.waitsFor].map(nameIn),
      }));
    return context.json({ base: shownReference({ base, tag }), images }, 200);
  });
  api.openapi(routes.explain, async (context) => {
    const { image: text, base: baseText } = context.req.valid('query');
    const [image, base] = [ownImage(ports, text), anyReference(ports, baseText)];
    return context.json(
      {
        image: shownReference({ base: ownBase(ports.registry, image.repository), tag: image.tag }),
        base: shownReference(base),
        ...(await explain(ports, image, base)),
      },
      200,
    );
  });
}

function readingRoutes(api: OpenAPIHono, ports: BuildPorts): void {
  const { documents, registry } = ports;
  api.openapi(routes.builds, async (context) => {
    const { builds, ...next } = await buildsOf(ports, context.req.valid('query'));
    return context.json({ builds: builds.map(showBuild), ...next }, 200);
  });
  api.openapi(routes.log, async (context) => {
    const [{ build }, { image: text, follow }] = [context.req.valid('param'), context.req.valid('query')];
    const found = await readStored(documents, nodeSchema, nodeRef(build, ownImage(ports, text)));
    if (found === undefined)
      throw new RegistryError({ is: 'thing-unknown', what: `image "${text.slice(0, 100)}" of the build "${build}"` });
    if (follow !== undefined)
      return context.body(followLog(ports, found.document), 200, {
        'content-type': 'text/plain; charset=UTF-8',
        'x-content-type-options': 'nosniff',
      }) as never;
    return context.text(await readLog(ports, found.document), 200);
  });
  api.openapi(routes.build, async (context) => {
    const [{ build }, { limit, continuation }] = [context.req.valid('param'), context.req.valid('query')];
    const found = await readStored(documents, buildSchema, buildRef(registry, build));
    if (found === undefined) throw new RegistryError({ is: 'thing-unknown', what: `build "${build}"` });
    const partition = [nodesOf(build)];
    const page = await documents.queryDocuments({
      container: 'builds',
      partition,
      where: [{ path: 'type', is: '=', value: 'node' }],
      orderBy: { path: 'level', direction: 'asc' },
      limit,
      ...(continuation === undefined ? {} : { continuation }),
    });
    const nodes = page.documents.map((each) =>
      showNode(parseStored(nodeSchema, each, { container: 'builds', partition }).document),
    );
    return context.json(
      {
        ...showBuild(found.document),
        nodes,
        ...(page.continuation === undefined ? {} : { continuation: page.continuation }),
      },
      200,
    );
  });
}
