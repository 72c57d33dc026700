import type { OpenAPIHono } from '@hono/zod-openapi';
import { defined } from '../../../core/documents/defined.ts';
import { parseStored, readStored } from '../../../core/documents/stored.ts';
import type { Places } from '../../../core/documents/whole-list.ts';
import { managementRoutes, nextLink } from '../../../core/http/management.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { ownBase, shownReference } from '../bases/names.ts';
import { explain } from '../explain.ts';
import { claims, tells } from '../inbound/proof.ts';
import { receiveReport } from '../jobs/callback.ts';
import { claimJob } from '../jobs/claim.ts';
import { cancelBuild } from '../plan/cancel.ts';
import { buildRef, buildSchema, nameIn, nodeSchema, nodesOf } from '../plan/documents.ts';
import { followLog } from '../plan/follow-log.ts';
import { dependentsIn } from '../plan/graph.ts';
import { buildsOf } from '../plan/list.ts';
import { readLog } from '../plan/log.ts';
import type { LogPart } from '../plan/log-after.ts';
import { logAfter } from '../plan/log-after.ts';
import { readNode } from '../plan/nodes.ts';
import { retryBuild } from '../plan/retry.ts';
import { readRules } from '../plan/rules.ts';
import type { BuildPorts } from '../ports.ts';
import { basesRoutes } from './bases-http.ts';
import { hookRoutes } from './hooks-http.ts';
import { buildPolicyRoutes } from './policies-http.ts';
import { anyReference, ownImage, ownReference, requireThere } from './references.ts';
import { showBuild, showNode } from './shown.ts';
import { taskRoutes } from './tasks-http.ts';
import { buildsTag, routes } from './wire.ts';

/**
 * Makes the routes of `/bases`, `/builds` and `/tasks` of the management API. Words beside `/builds/{build}` are no
 * ids, so they come first.
 */
export function buildRoutes(ports: BuildPorts & { readonly places: Places }): OpenAPIHono {
  const api = managementRoutes().route('/', basesRoutes(ports)).route('/', buildPolicyRoutes(ports));
  const builds = managementRoutes(buildsTag);
  askingRoutes(builds, ports);
  readingRoutes(builds, ports);
  changingRoutes(builds, ports);
  return api.route('/', builds).route('/', taskRoutes(ports)).route('/', hookRoutes(ports));
}

function changingRoutes(api: OpenAPIHono, ports: BuildPorts): void {
  api.openapi(routes.cancel, async (context) => {
    const { build } = context.req.valid('param');
    await cancelBuild(ports, build);
    return context.json({ build }, 202);
  });
  api.openapi(routes.callback, async (context) => {
    const [{ build }, { image: text }, report] = [
      context.req.valid('param'),
      context.req.valid('query'),
      context.req.valid('json'),
    ];
    const received = { headers: context.req.raw.headers, query: new URL(context.req.url).searchParams };
    // A caller with the management API's credentials may report on any job, and then reports on the present one.
    await receiveReport(
      ports,
      build,
      ownImage(ports, text),
      report,
      (hash) => !claims(received) || tells(hash, received),
    );
    return context.json({ image: text, state: report.state }, 202);
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
    if (dependents.size === 0) await requireThere(ports, { base, tag });
    const items = [...dependents.values()]
      .sort((a, b) => a.level - b.level)
      .map((each) => ({
        image: `${each.repository}:${each.tag}`,
        mode: each.rule.mode,
        by: each.rule.by,
        after: [...each.waitsFor].map(nameIn),
      }));
    return context.json({ base: shownReference({ base, tag }), items }, 200);
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
    const { builds, continuation } = await buildsOf(ports, context.req.valid('query'));
    return context.json({ items: builds.map(showBuild), ...nextLink(context.req, continuation) }, 200);
  });
  api.openapi(routes.log, async (context) => {
    const [{ build }, { image: text, follow, after }] = [context.req.valid('param'), context.req.valid('query')];
    const found = await readNode(ports, build, ownImage(ports, text));
    if (found === undefined)
      throw new RegistryError({
        is: 'thing-unknown',
        code: 'imageNotFound',
        what: `image "${text.slice(0, 100)}" of the build "${build}"`,
      });
    if (after !== undefined) return logPartAnswer(await logAfter(ports, found.document, after));
    if (follow !== undefined)
      return context.body(followLog(ports, found.document), 200, {
        'content-type': 'text/plain; charset=UTF-8',
        'x-content-type-options': 'nosniff',
      });
    return context.text(await readLog(ports, found.document), 200);
  });
  api.openapi(routes.build, async (context) => {
    const [{ build }, { limit, continuation }] = [context.req.valid('param'), context.req.valid('query')];
    const found = await readStored(documents, buildSchema, buildRef(registry, build));
    if (found === undefined)
      throw new RegistryError({ is: 'thing-unknown', code: 'buildNotFound', what: `build "${build}"` });
    const partition = [nodesOf(build)];
    const page = await documents.queryDocuments({
      container: 'builds',
      partition,
      where: [{ path: 'type', is: '=', value: 'node' }],
      orderBy: { path: 'level', direction: 'asc' },
      limit,
      ...defined({ continuation }),
    });
    const items = page.documents.map((each) =>
      showNode(parseStored(nodeSchema, each, { container: 'builds', partition }).document),
    );
    return context.json({ ...showBuild(found.document), items, ...nextLink(context.req, page.continuation) }, 200);
  });
}

function logPartAnswer({ text, cursor, isLast }: LogPart): Response {
  return new Response(text, {
    headers: {
      'content-type': 'text/plain; charset=UTF-8',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'x-longshore-log-cursor': cursor,
      ...(isLast ? { 'x-longshore-log-ended': 'true' } : {}),
    },
  });
}
