import type { OpenAPIHono } from '@hono/zod-openapi';
import { defined } from '../../core/documents/defined.ts';
import { manifestDocumentSchema, manifestRef, tagDocumentSchema, tagRef } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { parseStored, readStored } from '../../core/documents/stored.ts';
import { isNewlyHeld } from '../../core/documents/verdict.ts';
import { callerOf, managementRoutes, nextLink } from '../../core/http/management.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isDigest } from '../../core/oci/digest.ts';
import { imageUnknown } from '../../core/oci/faults.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { Documents } from '../../core/ports/documents.ts';
import type { SealingKeys } from '../../core/secrets/sealing-keys.ts';
import { readWalk } from '../../core/verdicts/walk.ts';
import type { VerdictPorts } from './ports.ts';
import { endRelease, release } from './release.ts';
import { explain, showVerdict } from './show.ts';
import { statementKey } from './statement/key.ts';
import { signedEnvelope, statementAbout } from './statement/statement.ts';
import { routes, verdictsTag } from './wire.ts';

interface Ports extends VerdictPorts {
  readonly sealing: SealingKeys;
  readonly settings: { readonly publicUrl?: URL };
  /** Its pages are named by sealed tokens. */
  readonly lists: { readonly documents: Documents };
}

/** Makes the routes of `/images/verdict`, `/images/release` and `/verdicts` of the management API. */
export function verdictRoutes(ports: Ports): OpenAPIHono {
  const { registry, coverage, clock, documents } = ports;
  const api = managementRoutes(verdictsTag);
  api.openapi(routes.verdict, async (context) => {
    const { repository, reference } = context.req.valid('query');
    const key = { registry, repository };
    const [{ manifest, serves }, covering, walk] = await Promise.all([
      readManifest(documents, key, reference),
      coverage.of(key),
      readWalk(documents, registry),
    ]);
    const now = clock.now();
    return context.json(
      {
        ...showVerdict(key, manifest.digest, manifest.verdict, covering, now),
        reference,
        explanation: explain(manifest, covering, now),
        ...defined({ serves: isNewlyHeld(manifest.verdict, now) ? serves : undefined }),
        covering: covering.map(({ part, name, mode }) => ({ part, name, mode })),
        ...defined({ walk: walk?.endedAt === undefined ? walk && showWalk(walk) : undefined }),
      },
      200,
    );
  });
  addStatement(api, ports);
  api.openapi(routes.walk, async (context) => {
    const walk = await readWalk(documents, registry);
    const shown = walk === undefined ? { judged: 0 } : { ...showWalk(walk), ...defined({ endedAt: walk.endedAt }) };
    return context.json({ ...shown, isUnderWay: walk !== undefined && walk.endedAt === undefined }, 200);
  });
  api.openapi(routes.held, async (context) => {
    const { limit, continuation } = context.req.valid('query');
    const page = await heldPage(ports, limit, continuation);
    return context.json({ items: page.items, ...nextLink(context.req, page.continuation) }, 200);
  });
  api.openapi(routes.release, async (context) => {
    const { repository, digest } = context.req.valid('query');
    const by = callerOf(context).actor;
    const key = { registry, repository };
    const verdict = await release(ports, key, digest, { by, ...context.req.valid('json') });
    return context.json(showVerdict(key, digest, verdict, await coverage.of(key), clock.now()), 200);
  });
  api.openapi(routes.endRelease, async (context) => {
    const { repository, digest } = context.req.valid('query');
    const key = { registry, repository };
    const verdict = await endRelease(ports, key, digest);
    return context.json(showVerdict(key, digest, verdict, await coverage.of(key), clock.now()), 200);
  });
  return api;
}

/** Adds the routes of signed statements. */
function addStatement(api: OpenAPIHono, ports: Ports): void {
  const { registry, coverage, clock, documents, settings } = ports;
  api.openapi(routes.statement, async (context) => {
    const { repository, reference } = context.req.valid('query');
    const key = { registry, repository };
    const [{ manifest }, covering, signer] = await Promise.all([
      readManifest(documents, key, reference),
      coverage.of(key),
      statementKey(ports),
    ]);
    return context.json(
      signedEnvelope(
        statementAbout({ manifest, covering, publicUrl: settings.publicUrl, keyId: signer.id, now: clock.now() }),
        signer,
      ),
      200,
    );
  });
  api.openapi(routes.statementKey, async (context) => {
    const { id, pem, createdAt } = await statementKey(ports);
    return context.json({ id, publicKey: pem, createdAt }, 200);
  });
}

async function heldPage(ports: Ports, limit: number, continuation: string | undefined) {
  const { registry, coverage, lists, clock } = ports;
  const query = {
    container: 'repositories' as const,
    partition: [registry],
    where: [
      { path: 'type', is: '=' as const, value: 'manifest' },
      { path: 'verdict.held', is: '=' as const, value: true },
    ],
    limit,
  };
  const page = await lists.documents.queryDocuments(continuation === undefined ? query : { ...query, continuation });
  const items = await Promise.all(
    page.documents.map(async (found) => {
      const { repository, digest, verdict } = parseStored(manifestDocumentSchema, found, query).document;
      const key = { registry, repository };
      return showVerdict(key, digest, verdict, await coverage.of(key), clock.now());
    }),
  );
  return { items, continuation: page.continuation };
}

async function readManifest(documents: Documents, key: RepositoryKey, reference: Tag | Digest) {
  const tag = isDigest(reference)
    ? { digest: reference, previous: undefined }
    : (await readStored(documents, tagDocumentSchema, tagRef(key, reference)))?.document;
  const digest = tag?.digest;
  const found =
    digest === undefined ? undefined : await readStored(documents, manifestDocumentSchema, manifestRef(key, digest));
  if (found === undefined) throw imageUnknown(key.repository, reference);
  return { manifest: found.document, serves: tag?.previous };
}

function showWalk({ beganAt, judged, repository }: NonNullable<Awaited<ReturnType<typeof readWalk>>>) {
  return { beganAt, judged, ...defined({ repository }) };
}
