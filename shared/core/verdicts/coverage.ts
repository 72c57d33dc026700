import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Cached } from '../documents/cached.ts';
import { writing } from '../documents/changes.ts';
import type { RepositoryKey } from '../documents/names.ts';
import { registrySchema } from '../documents/names.ts';
import type { Stored } from '../documents/stored.ts';
import { documentShape, readStored } from '../documents/stored.ts';
import type { VerdictPart } from '../documents/verdict.ts';
import { verdictParts } from '../documents/verdict.ts';
import type { RegistryName } from '../oci/name.ts';
import type { Clock } from '../ports/clock.ts';
import type { DocumentChange, DocumentRef, ReadDocument } from '../ports/documents.ts';
import { globMatches } from '../rules/pattern.ts';

/** The most policies of one kind. */
export const maxPolicies = 100;

const coveringSchema = z.object({
  part: z.enum(verdictParts),
  name: z.string(),
  mode: z.enum(['audit', 'enforce']),
  include: z.array(z.string()),
  exclude: z.array(z.string()),
  /** The fingerprint of the whole policy. */
  version: z.string(),
  /** True if the events of a push wait until the image is open. */
  withholds: z.literal(true).optional(),
  /** True if a tag that is moved to an image which is held goes on serving the image before it. */
  servesPrevious: z.literal(true).optional(),
  /** The hours for which an image may wait until it has timed out, and what follows. */
  timeout: z.object({ hours: z.int().positive(), then: z.enum(['alert', 'fail']) }).optional(),
  /** The hours for which an image stays open that passed once; absent, none. */
  graceHours: z.int().positive().optional(),
});
/** A policy as a push knows it: the repositories that it covers, and its mode. One that is off is not here. */
export type Covering = z.infer<typeof coveringSchema>;

/** The policies of a registry in one document, so that a push learns of all of them by one small read. */
const coverageSchema = z.object({
  ...documentShape('verdict-coverage'),
  registry: registrySchema,
  policies: z.array(coveringSchema),
});

function coverageRef(registry: RegistryName): DocumentRef {
  return { container: 'registries', partition: [registry], id: 'verdict-coverage' };
}

type StoredCoverage = Stored<z.infer<typeof coverageSchema>> | undefined;

export function readCoverage(documents: ReadDocument, registry: RegistryName): Promise<StoredCoverage> {
  return readStored(documents, coverageSchema, coverageRef(registry));
}

/**
 * Makes the change that goes into the batch of a policy's own: it replaces the policy, or takes it out where it is off
 * or gone (`covering` is `undefined`).
 */
export function coverageChange(
  before: StoredCoverage,
  registry: RegistryName,
  policy: { readonly part: VerdictPart; readonly name: string },
  covering: Covering | undefined,
): DocumentChange {
  const others = (before?.document.policies ?? []).filter(
    ({ part, name }) => part !== policy.part || name !== policy.name,
  );
  const { id } = coverageRef(registry);
  const policies = covering === undefined ? others : [...others, covering];
  return writing(before, { id, type: 'verdict-coverage', schemaVersion: 1, registry, policies });
}

/** Makes the fingerprint of a policy: two that say the same have the same. */
export function policyVersion(policy: object): string {
  return createHash('sha256').update(JSON.stringify(policy)).digest('hex').slice(0, 32);
}

/** Makes the fingerprint of several policies, in any order. */
export function versionOfAll(policies: readonly Covering[]): string {
  return policyVersion(policies.map(({ part, name, version }) => [part, name, version].join(' ')).sort());
}

/** Returns the policies that cover a repository. */
function coveringOf(policies: readonly Covering[], repository: string): Covering[] {
  return policies.filter(
    ({ include, exclude }) =>
      include.some((pattern) => globMatches(pattern, repository)) &&
      !exclude.some((pattern) => globMatches(pattern, repository)),
  );
}

/** The milliseconds for which this instance may miss a policy that another one has changed. */
const coverageFreshness = 5_000;

/** The policies that cover a repository, as this instance has read them lately. */
export class Coverage {
  readonly #documents: ReadDocument;
  readonly #known: Cached<{ readonly policies: readonly Covering[] }>;

  constructor({ clock, documents }: { readonly clock: Clock; readonly documents: ReadDocument }) {
    this.#documents = documents;
    this.#known = new Cached({ clock, freshMs: coverageFreshness, max: 1_000 });
  }

  /** Throws `StoreFailure`: a push must not begin open because nobody could say what covers it. */
  async of({ registry, repository }: RepositoryKey): Promise<Covering[]> {
    const { policies } = await this.#known.get(registry, async () => ({
      policies: (await readCoverage(this.#documents, registry))?.document.policies ?? [],
    }));
    return policies.length === 0 ? [] : coveringOf(policies, repository);
  }

  /** Forgets what this instance knows of a registry, once it has changed a policy itself. */
  forget(registry: RegistryName): void {
    this.#known.forget(registry);
  }
}
