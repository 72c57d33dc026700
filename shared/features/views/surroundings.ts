import { z } from 'zod';
import { aboutIn, aboutName } from '../../core/documents/about.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { documentsOf } from '../../core/documents/pages.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { ReferrerKind } from '../../core/oci/referrer-kind.ts';
import { kindOfTag, referrerKindOf } from '../../core/oci/referrer-kind.ts';
import type { PropertyPredicate } from '../../core/ports/documents.ts';
import type { ListPorts } from './ports.ts';

/** The facts about a manifest that are not in its own document. */
export interface Surroundings {
  /** The names of its tags. */
  readonly tags: string[];
  tagCount: number;
  signed: boolean;
  sbom: boolean;
  attested: boolean;
  locked: boolean;
  quarantine?: string;
  /** True while its verdict holds it. */
  held: boolean;
  purgeDueAt?: string;
  /** The other regions that have all of it. */
  readonly regions: Set<string>;
}

/** A manifest of a page, with the manifests that it lists for platforms: what is about these is about it. */
export interface Asked {
  readonly digest: Digest;
  readonly children: readonly Digest[];
}

/** So many documents say enough of a page: more than that are the aliases of a digest with very many tags. */
const mostDocuments = 1_000;

/** Without tags, so many are read at most: somebody may push any number of referrers, and a page must not wait for all. */
const mostAbout = 10_000;

/**
 * Reads what is about the manifests of a page: their tags, referrers, signatures by tag, locks, judgements and copies.
 * It is one query of the store. Only where the manifests have very many tags, these are counted from the index, and the
 * rest is asked for again without them.
 */
export async function surroundingsOf(
  ports: ListPorts,
  key: RepositoryKey,
  asked: readonly Asked[],
): Promise<ReadonlyMap<Digest, Surroundings>> {
  const found = new Map(asked.map(({ digest }): [Digest, Surroundings] => [digest, nothingKnown()]));
  if (found.size === 0) return found;
  const about = new About(asked, found);
  const digests = [...found.keys()];
  const tags: PropertyPredicate[] = [equal('type', 'tag'), { path: 'digest', is: 'in', values: digests }];
  const isWhole = await read(ports, key, [...about.alternatives(), tags], about, mostDocuments);
  if (!isWhole) await readMore(ports, key, about, found);
  // A policy that nobody has approved leaves marks too, and removes nothing.
  if (about.isDue) about.tellDue(await ports.purgeViews.approved());
  return found;
}

/** Reads the rest of a page of manifests that have very many tags. */
async function readMore(
  ports: ListPorts,
  key: RepositoryKey,
  about: About,
  found: ReadonlyMap<Digest, Surroundings>,
): Promise<void> {
  const digests = [...found.keys()];
  await read(ports, key, about.alternatives(), about, mostAbout);
  const isOf = (digest: Digest) => [equal('type', 'tag'), equal('digest', digest)];
  const counts = await Promise.all(
    digests.map((digest) =>
      ports.documents.countDocuments({ container: 'repositories', partition: partitionOf(key), where: isOf(digest) }),
    ),
  );
  for (const [at, digest] of digests.entries()) {
    const one = found.get(digest);
    if (one !== undefined) one.tagCount = counts[at] ?? one.tagCount;
  }
}

function nothingKnown(): Surroundings {
  const badges = { signed: false, sbom: false, attested: false, locked: false, held: false };
  return { tags: [], tagCount: 0, ...badges, regions: new Set() };
}

/** Reads alternatives up to `most` documents; `false` if there are more. */
async function read(
  { documents }: ListPorts,
  key: RepositoryKey,
  of: readonly (readonly PropertyPredicate[])[],
  about: About,
  most: number,
): Promise<boolean> {
  const query = {
    container: 'repositories' as const,
    partition: partitionOf(key),
    where: [{ is: 'either' as const, of }],
    limit: mostDocuments + 1,
  };
  let read = 0;
  for await (const { document } of documentsOf(documents, query)) {
    read += 1;
    if (read > most) return false;
    const parsed = aboutSchema.safeParse(document);
    if (parsed.success) about.take(parsed.data);
  }
  return true;
}

/** The parts of the documents that say something about a manifest. */
const aboutSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('tag'), name: z.string(), digest: z.string(), about: z.string().optional() }),
  z.object({
    type: z.literal('manifest'),
    digest: z.string(),
    attributes: z.object({ deleteEnabled: z.boolean(), writeEnabled: z.boolean() }),
    quarantine: z.object({ state: z.string().optional() }).optional(),
    verdict: z.object({ held: z.boolean() }).optional(),
  }),
  z.object({
    type: z.literal('referrer'),
    subject: z.string(),
    artifactType: z.string().optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  z.object({ type: z.literal('purge-due'), digest: z.string(), policy: z.string(), dueAt: z.string() }),
  z.object({ type: z.literal('replicated'), digest: z.string(), region: z.string(), state: z.string() }),
]);
type AboutDocument = z.infer<typeof aboutSchema>;

function equal(path: string, value: string | boolean): PropertyPredicate {
  return { path, is: '=', value };
}

class About {
  readonly #found: ReadonlyMap<string, Surroundings>;
  /** The manifests of the page that a digest is a part of, itself among them. */
  readonly #parents = new Map<string, Set<Digest>>();
  readonly #digests: readonly Digest[];
  readonly #due: Extract<AboutDocument, { type: 'purge-due' }>[] = [];

  constructor(asked: readonly Asked[], found: ReadonlyMap<Digest, Surroundings>) {
    this.#found = found;
    this.#digests = [...found.keys()];
    for (const { digest, children } of asked)
      for (const part of [digest, ...children]) {
        this.#parents.set(part, (this.#parents.get(part) ?? new Set()).add(digest));
        this.#parents.set(aboutName(part), (this.#parents.get(aboutName(part)) ?? new Set()).add(digest));
      }
  }

  /** The conditions of all but the tags. Of manifests those alone are read that say something by their attributes. */
  alternatives(): PropertyPredicate[][] {
    const isOne: PropertyPredicate = { path: 'digest', is: 'in', values: this.#digests };
    const parts = [...this.#parents.keys()];
    const isPart = (path: string, values: readonly string[]): PropertyPredicate => ({ path, is: 'in', values });
    return [
      [equal('type', 'manifest'), equal('attributes.deleteEnabled', false), isOne],
      [equal('type', 'manifest'), equal('attributes.writeEnabled', false), isOne],
      [equal('type', 'manifest'), { path: 'quarantine.state', is: 'in', values: ['Failed', 'Quarantined'] }, isOne],
      [equal('type', 'manifest'), equal('verdict.held', true), isOne],
      [
        equal('type', 'referrer'),
        isPart(
          'subject',
          parts.filter((part) => part.includes(':')),
        ),
      ],
      [
        equal('type', 'tag'),
        isPart(
          'about',
          parts.filter((part) => !part.includes(':')),
        ),
      ],
      [equal('type', 'purge-due'), isOne],
      [equal('type', 'replicated'), isOne],
    ];
  }

  take(document: AboutDocument): void {
    switch (document.type) {
      case 'tag':
        this.#takeTag(document);
        return;
      case 'referrer':
        for (const one of this.#of(document.subject))
          badge(one, referrerKindOf(document.artifactType, document.annotations));
        return;
      case 'manifest':
        for (const one of this.#own(document.digest)) {
          const { attributes, quarantine, verdict } = document;
          one.locked ||= !attributes.deleteEnabled || !attributes.writeEnabled;
          one.held ||= verdict?.held ?? false;
          if (quarantine?.state !== undefined && quarantine.state !== 'Passed') one.quarantine = quarantine.state;
        }
        return;
      case 'purge-due':
        this.#due.push(document);
        return;
      case 'replicated':
        for (const one of this.#own(document.digest))
          if (document.state === 'complete') one.regions.add(document.region);
    }
  }

  /** A policy, approved or not, is to judge one of the manifests. */
  get isDue(): boolean {
    return this.#due.length > 0;
  }

  tellDue(approved: ReadonlySet<string>): void {
    for (const { digest, policy, dueAt } of this.#due)
      for (const one of approved.has(policy) ? this.#own(digest) : [])
        if (one.purgeDueAt === undefined || dueAt < one.purgeDueAt) one.purgeDueAt = dueAt;
  }

  #takeTag({ name, digest, about }: Extract<AboutDocument, { type: 'tag' }>): void {
    for (const one of this.#own(digest)) {
      if (one.tags.includes(name)) continue;
      one.tags.push(name);
      one.tagCount += 1;
    }
    // A referrer that names its subject is known by its edge; here only a name says what it is.
    if (about === undefined || aboutIn(name) !== about) return;
    for (const one of this.#of(about)) badge(one, kindOfTag(name));
  }

  #own(digest: string): Surroundings[] {
    const own = this.#found.get(digest);
    return own === undefined ? [] : [own];
  }

  #of(part: string): Surroundings[] {
    return [...(this.#parents.get(part) ?? [])].flatMap((digest) => this.#own(digest));
  }
}

/** Sets the badge of what a referrer of this kind proves. */
function badge(one: Surroundings, kind: ReferrerKind | undefined): void {
  if (kind === 'signature') one.signed = true;
  else if (kind === 'sbom') one.sbom = true;
  else if (kind === 'attestation') one.attested = true;
}
