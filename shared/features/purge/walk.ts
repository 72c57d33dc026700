import pLimit from 'p-limit';
import { defined } from '../../core/documents/defined.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { firstFilledPage, firstPage } from '../../core/documents/pages.ts';
import { repositoryDocumentSchema, repositoryRef } from '../../core/documents/repository.ts';
import { parseStored, UnreadableDocument } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { parseDigest } from '../../core/oci/digest.ts';
import type { RegistryName, RepositoryName } from '../../core/oci/name.ts';
import type { PolicyDocument } from './documents.ts';
import { changePolicy, readPolicy } from './documents.ts';
import { mark } from './mark.ts';
import { readMarked } from './marks.ts';
import type { PolicyPorts } from './ports.ts';
import type { Session } from './session.ts';
import { openSession } from './session.ts';

const manifestsAtOnce = 50;
const marksAtOnce = 8;

/**
 * Marks all manifests that a policy covers. It runs once after the rules have changed, for every other change marks
 * what it touches. It continues where it was interrupted, page by page, until `until`. Returns whether it is complete.
 * If two walk at once, one of them finds that the other is ahead.
 */
export async function walk(ports: PolicyPorts, registry: RegistryName, name: string, until: Date): Promise<boolean> {
  for (;;) {
    const place = (await readPolicy(ports.documents, registry, name))?.document.walk;
    if (place === undefined) return true;
    if (ports.clock.now() >= until) return false;
    const next = await walkPage(ports, registry, name, place);
    await changePolicy(ports.documents, registry, name, (before) =>
      samePlace(before.walk, place) ? moved(before, next) : undefined,
    );
  }
}

type Place = NonNullable<PolicyDocument['walk']>;

function moved({ walk, ...before }: PolicyDocument, next: Place | undefined): PolicyDocument {
  return next === undefined ? before : { ...before, walk: { ...next, ...defined({ id: walk?.id }) } };
}

function samePlace(a: Place | undefined, b: Place): boolean {
  return a !== undefined && a.id === b.id && a.repository === b.repository && a.digest === b.digest;
}

/** The repositories that are read side by side, for most are small; the place is written once for all of them. */
const repositoriesAtOnce = 16;
/** The manifests that are marked before the place is written, unless one repository has more. */
const manifestsOfStep = 200;

interface Page {
  readonly repository: RepositoryName;
  /** Empty where the policy does not cover the repository. */
  readonly digests: readonly Digest[];
  readonly more: boolean;
}

/**
 * Marks the manifests behind a place: one page of each of several repositories. Returns the place behind them,
 * `undefined` at the end.
 */
async function walkPage(
  ports: PolicyPorts,
  registry: RegistryName,
  policy: string,
  place: Place,
): Promise<Place | undefined> {
  const repositories =
    place.digest === undefined
      ? await repositoriesBehind(ports, registry, place.repository)
      : [place.repository as RepositoryName];
  const session = await openSession(ports, registry, 'without pins');
  const found = await Promise.all(repositories.map((repository) => pageOf(session, policy, repository, place.digest)));
  const pages = oneStep(found);
  const limit = pLimit(marksAtOnce);
  const all = pages.flatMap(({ repository, digests }) => digests.map((digest) => ({ repository, digest })));
  // All marks are read before the views of their repositories.
  const marked = await Promise.all(
    all.map((each) =>
      limit(() =>
        unlessBroken(session, each, async () => {
          const key = { registry, repository: each.repository };
          return { key, marked: await readMarked(ports, key, each.digest, session.covering(key)) };
        }),
      ),
    ),
  );
  await Promise.all(
    marked.map((each) =>
      limit(async () => {
        if (each === undefined) return;
        const { key, marked: read } = each;
        await unlessBroken(session, { repository: key.repository, digest: read.digest }, () =>
          mark(session, key, read),
        );
      }),
    ),
  );
  const last = pages.at(-1);
  if (last === undefined) return undefined;
  const digest = last.digests.at(-1);
  return last.more && digest !== undefined ? { repository: last.repository, digest } : { repository: last.repository };
}

async function pageOf(
  session: Session,
  policy: string,
  repository: RepositoryName,
  last: string | undefined,
): Promise<Page> {
  const key = { registry: session.registry, repository };
  return session.covering(key).includes(policy)
    ? { repository, ...(await manifestsBehind(session.ports, key, last)) }
    : { repository, digests: [], more: false };
}

/**
 * Returns the first pages, up to one whose repository has more: there is one place only, so what was read behind it is
 * read again.
 */
function oneStep(found: readonly Page[]): Page[] {
  const pages: Page[] = [];
  let count = 0;
  for (const page of found) {
    count += page.digests.length;
    if (pages.length > 0 && count > manifestsOfStep) break;
    pages.push(page);
    if (page.more) break;
  }
  return pages;
}

/** One that cannot be read is marked by nobody, and so stays: it does not end the walk. */
async function unlessBroken<T>({ ports }: Session, of: Place, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UnreadableDocument)) throw error;
    ports.log.error({ err: error, ...of }, 'a manifest cannot be judged, and stays');
    return undefined;
  }
}

async function repositoriesBehind(
  { documents }: PolicyPorts,
  registry: RegistryName,
  last: string | undefined,
): Promise<RepositoryName[]> {
  const [container, partition] = ['registries' as const, [registry]];
  const prefix = repositoryRef({ registry, repository: '' as RepositoryName }).id;
  const behind =
    last === undefined
      ? []
      : [{ path: 'id', is: '>' as const, value: repositoryRef({ registry, repository: last as RepositoryName }).id }];
  const found = await firstPage(documents, {
    container,
    partition,
    where: [{ path: 'id', is: 'starts-with', value: prefix }, ...behind],
    orderBy: { path: 'id', direction: 'asc' },
    limit: repositoriesAtOnce,
  });
  return found.map((each) => parseStored(repositoryDocumentSchema, each, { container, partition }).document.repository);
}

async function manifestsBehind(
  { documents }: PolicyPorts,
  key: RepositoryKey,
  last: string | undefined,
): Promise<{ digests: Digest[]; more: boolean }> {
  const [container, partition] = ['repositories' as const, partitionOf(key)];
  const behind = last === undefined ? [] : [{ path: 'id', is: '>' as const, value: `manifest:${last}` }];
  const page = await firstFilledPage(documents, {
    container,
    partition,
    where: [{ path: 'id', is: 'starts-with', value: 'manifest:' }, ...behind],
    orderBy: { path: 'id', direction: 'asc' },
    limit: manifestsAtOnce,
  });
  // The digests are parsed from the ids, which are there even if nothing else of a document can be read.
  return {
    digests: page.documents.flatMap(({ document }) => parseDigest(document.id.slice('manifest:'.length)) ?? []),
    more: !page.isLast,
  };
}
