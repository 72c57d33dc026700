import type { OpenAPIHono } from '@hono/zod-openapi';
import { defined } from '../../../core/documents/defined.ts';
import { parseStored, readStored } from '../../../core/documents/stored.ts';
import type { Places } from '../../../core/documents/whole-list.ts';
import { managementRoutes, nextLink } from '../../../core/http/management.ts';
import { readSmallBody } from '../../../core/http/request.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { jsonIn } from '../../../core/oci/json.ts';
import { areCurrent } from '../bases/current.ts';
import { taggedOf } from '../bases/cycles.ts';
import { learnedRef, learnedSchema } from '../bases/documents.ts';
import { dependentsOf } from '../bases/learn.ts';
import { baseReference, shownReference } from '../bases/names.ts';
import { inboundRef, inboundSchema } from '../inbound/documents.ts';
import { maxNotificationBytes } from '../inbound/let-in.ts';
import { deleteInboundSecret, inboundOf, putInboundSecret } from '../inbound/secrets.ts';
import { buildsQueue } from '../plan/documents.ts';
import type { BuildPorts } from '../ports.ts';
import { upstreamLoginSchema } from '../upstream/documents.ts';
import type { LoginSettings } from '../upstream/logins.ts';
import { deleteLogin, putLogin, readLogin } from '../upstream/logins.ts';
import { pushedIn } from '../upstream/notified.ts';
import { checkSoon } from '../upstream/watch.ts';
import { baseRoutes as routes, basesTag } from './bases-wire.ts';
import { anyReference, requireThere } from './references.ts';
import { showBases, showEdge } from './shown.ts';
import { treeOf } from './tree.ts';

type Ports = BuildPorts & { readonly places: Places };

/** Makes the routes of `/bases` of the management API. */
export function basesRoutes(ports: Ports): OpenAPIHono {
  const api = managementRoutes(basesTag);
  readingRoutes(api, ports);
  sourceRoutes(api, ports);
  upstreamRoutes(api, ports);
  return api;
}

function readingRoutes(api: OpenAPIHono, ports: Ports): void {
  api.openapi(routes.bases, async (context) => {
    const { image: text, limit, continuation } = context.req.valid('query');
    const reference = anyReference(ports, text);
    const own = taggedOf(ports, reference);
    const learned =
      own === undefined
        ? undefined
        : (await readStored(ports.documents, learnedSchema, learnedRef(own, own.tag)))?.document;
    const page = await dependentsOf(ports, reference.base, reference.tag, { limit, continuation });
    if (learned === undefined && page.edges.length === 0 && continuation === undefined)
      await requireThere(ports, reference);
    const bases = learned?.bases ?? [];
    const current = await Promise.all(bases.map((base) => areCurrent(ports, ports.registry, base, [base])));
    return context.json(
      {
        image: shownReference(reference),
        bases: showBases({ bases }, current.flat()),
        refused: learned?.refused ?? [],
        items: page.edges.map(showEdge),
        ...nextLink(context.req, page.continuation),
      },
      200,
    );
  });
  api.openapi(routes.notify, async (context) => {
    // Each registry has its own media type for JSON.
    const pushed = pushedIn(
      context.req.valid('param').source,
      jsonIn(await readSmallBody(context.req.raw, 'notification', maxNotificationBytes)),
    );
    if ('wrong' in pushed) throw new RegistryError({ is: 'request-invalid', why: pushed.wrong });
    const references = pushed.images.flatMap((text) => baseReference(text, ports.registry, ports.ownHosts) ?? []);
    const hastened = await Promise.all(
      references.map(
        async ({ base, tag }) => tag !== undefined && !base.startsWith('own:') && (await checkSoon(ports, base, tag)),
      ),
    );
    const watched = hastened.filter(Boolean).length;
    if (watched > 0) await ports.queues.sendMessage(buildsQueue, { watch: true });
    return context.json({ watched }, 202);
  });
  api.openapi(routes.tree, async (context) => {
    const reference = anyReference(ports, context.req.valid('query').image);
    const tree = await treeOf(ports, reference);
    if (tree.dependents.length === 0) await requireThere(ports, reference);
    return context.json(tree, 200);
  });
}

function sourceRoutes(api: OpenAPIHono, ports: Ports): void {
  const { documents, registry, places } = ports;
  const unknown = (source: string) =>
    new RegistryError({ is: 'thing-unknown', code: 'baseSourceNotFound', what: `secret of the source "${source}"` });
  api.openapi(routes.sources, async (context) => {
    const query = { container: 'registries' as const, partition: [registry] };
    const { id: prefix } = inboundRef(registry, 'bases:');
    const { documents: found } = await documents.queryDocuments({
      ...query,
      where: [{ path: 'id', is: 'starts-with', value: prefix }],
      orderBy: { path: 'id', direction: 'asc' },
      // There are fewer kinds of registries than this.
      limit: 100,
    });
    const all = found.map((each) => {
      const { of, createdAt } = parseStored(inboundSchema, each, query).document;
      return { source: of.replace('bases:', ''), createdAt };
    });
    const page = places.pageOf('base sources', all, ({ source }) => source, context.req.valid('query'));
    return context.json({ items: [...page.items], ...nextLink(context.req, page.continuation) }, 200);
  });
  api.openapi(routes.source, async (context) => {
    const { source } = context.req.valid('param');
    const found = await inboundOf(ports, `bases:${source}`);
    if (found === undefined) throw unknown(source);
    return context.json({ source, createdAt: found.createdAt }, 200);
  });
  api.openapi(routes.putSource, async (context) => {
    const { source } = context.req.valid('param');
    const before = await inboundOf(ports, `bases:${source}`);
    const secret = await putInboundSecret(ports, `bases:${source}`, context.req.valid('json').secret);
    return context.json({ source, secret }, before === undefined ? 201 : 200);
  });
  api.openapi(routes.deleteSource, async (context) => {
    const { source } = context.req.valid('param');
    if (!(await deleteInboundSecret(ports, `bases:${source}`))) throw unknown(source);
    return context.body(null, 204);
  });
}

function upstreamRoutes(api: OpenAPIHono, ports: Ports): void {
  const { documents, registry } = ports;
  const unknown = (host: string) =>
    new RegistryError({ is: 'thing-unknown', code: 'upstreamNotFound', what: `login at ${host}` });
  api.openapi(routes.upstreams, async (context) => {
    const { limit, continuation } = context.req.valid('query');
    const query = { container: 'registries' as const, partition: [registry] };
    const page = await documents.queryDocuments({
      ...query,
      where: [{ path: 'type', is: '=', value: 'upstream-login' }],
      orderBy: { path: 'host', direction: 'asc' },
      limit,
      ...defined({ continuation }),
    });
    const items = page.documents.map((found) => {
      const { host, ...login } = parseStored(upstreamLoginSchema, found, query).document;
      return showLogin(host, login);
    });
    return context.json({ items, ...nextLink(context.req, page.continuation) }, 200);
  });
  api.openapi(routes.upstream, async (context) => {
    const { host } = context.req.valid('param');
    const found = await readLogin(ports, host);
    if (found === undefined) throw unknown(host);
    return context.json(showLogin(host, found), 200);
  });
  api.openapi(routes.putUpstream, async (context) => {
    const { host } = context.req.valid('param');
    const before = await readLogin(ports, host);
    const settings = context.req.valid('json');
    await putLogin(ports, host, settings);
    return context.json({ host, ...settings }, before === undefined ? 201 : 200);
  });
  api.openapi(routes.deleteUpstream, async (context) => {
    const { host } = context.req.valid('param');
    if (!(await deleteLogin(ports, host))) throw unknown(host);
    return context.body(null, 204);
  });
}

/** Shows a login. The secret is a name: its value stays in the vault. */
function showLogin(host: string, { username, secret, realm }: LoginSettings) {
  return { host, ...defined({ username, secret, realm }) };
}
