import { z } from 'zod';
import { writing } from '../documents/changes.ts';
import { untilUncontended } from '../documents/contention.ts';
import { defined } from '../documents/defined.ts';
import { registrySchema } from '../documents/names.ts';
import { allStored } from '../documents/pages.ts';
import { documentShape, readStored } from '../documents/stored.ts';
import type { VerdictPart } from '../documents/verdict.ts';
import { RegistryError } from '../oci/faults.ts';
import type { RegistryName } from '../oci/name.ts';
import type { Clock, RandomIds } from '../ports/clock.ts';
import type { Documents } from '../ports/documents.ts';
import { repositoryGlobSchema, scopeSchema } from '../rules/pattern.ts';
import type { Coverage, Covering } from './coverage.ts';
import { coverageChange, maxPolicies, policyVersion, readCoverage } from './coverage.ts';
import { beginWalk } from './walk.ts';

/** The settings that every policy of a verdict has. */
export const coveringShape = {
  mode: z
    .enum(['off', 'audit', 'enforce'])
    .default('audit')
    .describe(
      'The effect on an image that does not pass. audit: it is served with a Warning; enforce: it is refused to those ' +
        'who may only pull; off: the policy is kept and does nothing.',
    ),
  repositories: scopeSchema(repositoryGlobSchema, '**')
    .prefault({})
    .describe('The repositories that the policy covers.'),
  heldTag: z
    .enum(['refuse', 'serve-previous'])
    .default('refuse')
    .describe(
      'The answer to those who may only pull, by a tag that was moved to an image that is held and has never passed. ' +
        'refuse: it is refused; serve-previous: they get the image that the tag pointed at before, until the new one passes.',
    ),
  graceHours: z
    .int()
    .min(0)
    .max(8_760)
    .default(0)
    .describe(
      'The hours for which an image that passed once stays open when it no longer does, as a policy, a key or what is ' +
        'known of it has changed. Of several policies the shortest grace counts. An image that somebody has marked as ' +
        'Failed or Quarantined has none.',
    ),
};
export type CoveringSettings = z.infer<z.ZodObject<typeof coveringShape>>;

export interface PolicyPorts {
  readonly documents: Documents;
  readonly coverage: Pick<Coverage, 'forget'>;
  readonly clock: Clock;
  readonly ids: RandomIds;
}

/** A policy as it is stored. */
export interface VerdictPolicy<S> {
  readonly name: string;
  readonly settings: S;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/**
 * The policies of one part of the verdict. A change of one writes what pushes know of all, and begins a walk over all
 * manifests, in the same transaction: nothing is judged by rules that are not in force.
 */
export class VerdictPolicies<S extends CoveringSettings> {
  readonly #part: VerdictPart;
  readonly #schema;
  readonly #known: (settings: S) => Partial<Covering>;

  /** `known` says what a push and a judge must know of the settings of one policy, beyond its mode and repositories. */
  constructor(part: VerdictPart, settings: z.ZodType<S>, known: (settings: S) => Partial<Covering> = () => ({})) {
    this.#part = part;
    this.#known = known;
    this.#schema = z.object({
      ...documentShape(`${part}-policy`),
      registry: registrySchema,
      name: z.string(),
      settings,
      createdAt: z.iso.datetime(),
      updatedAt: z.iso.datetime(),
    });
  }

  /** Reads all policies in the order of their names. */
  async list(documents: Documents, registry: RegistryName): Promise<VerdictPolicy<S>[]> {
    const found = await allStored(
      documents,
      {
        container: 'registries',
        partition: [registry],
        where: [{ path: 'type', is: '=', value: `${this.#part}-policy` }],
        orderBy: { path: 'name', direction: 'asc' },
        limit: maxPolicies,
      },
      this.#schema as z.ZodType<VerdictPolicy<S> & { readonly id: string }>,
    );
    return found.map(({ document }) => document);
  }

  async find(documents: Documents, registry: RegistryName, name: string): Promise<VerdictPolicy<S> | undefined> {
    return (await this.#stored(documents, registry, name))?.document;
  }

  /** Creates or replaces a policy. Throws `RegistryError`: `conflict` if there are too many, `contended`. */
  async put(
    ports: PolicyPorts,
    registry: RegistryName,
    name: string,
    settings: S,
  ): Promise<{ readonly policy: VerdictPolicy<S>; readonly created: boolean }> {
    const { documents, clock } = ports;
    const done = await untilUncontended(`the ${this.#part} policy ${name}`, async () => {
      const [before, coverage, all] = await Promise.all([
        this.#stored(documents, registry, name),
        readCoverage(documents, registry),
        this.list(documents, registry),
      ]);
      if (before === undefined && all.length >= maxPolicies) throw tooMany(this.#part);
      const at = clock.now().toISOString();
      const policy = { name, settings, createdAt: before?.document.createdAt ?? at, updatedAt: at };
      const id = this.#id(name);
      const document = { id, type: `${this.#part}-policy`, schemaVersion: 1, registry, ...policy };
      const outcome = await documents.commitDocuments(
        'registries',
        [registry],
        [
          writing<{ readonly id: string }>(before, document),
          coverageChange(coverage, registry, { part: this.#part, name }, this.#coveringOf(name, settings)),
          beginWalk(ports, registry),
        ],
      );
      return outcome.committed ? { policy, created: before === undefined } : undefined;
    });
    ports.coverage.forget(registry);
    return done;
  }

  /** Removes a policy; `false` if there is none. Throws `RegistryError` (`contended`). */
  async remove(ports: PolicyPorts, registry: RegistryName, name: string): Promise<boolean> {
    const { documents } = ports;
    const removed = await untilUncontended(`the ${this.#part} policy ${name}`, async () => {
      const [before, coverage] = await Promise.all([
        this.#stored(documents, registry, name),
        readCoverage(documents, registry),
      ]);
      if (before === undefined) return 'absent';
      const outcome = await documents.commitDocuments(
        'registries',
        [registry],
        [
          { do: 'delete', id: this.#id(name), ifMatch: before.etag },
          coverageChange(coverage, registry, { part: this.#part, name }, undefined),
          beginWalk(ports, registry),
        ],
      );
      return outcome.committed ? 'removed' : undefined;
    });
    ports.coverage.forget(registry);
    return removed === 'removed';
  }

  #stored(documents: Documents, registry: RegistryName, name: string) {
    const ref = { container: 'registries' as const, partition: [registry], id: this.#id(name) };
    return readStored(documents, this.#schema as z.ZodType<VerdictPolicy<S> & { readonly id: string }>, ref);
  }

  #coveringOf(name: string, settings: S): Covering | undefined {
    const { mode, repositories, graceHours, heldTag } = settings;
    if (mode === 'off') return undefined;
    const covering = { part: this.#part, name, mode, ...repositories, version: policyVersion(settings) };
    const servesPrevious = heldTag === 'serve-previous' && mode === 'enforce' ? (true as const) : undefined;
    return {
      ...covering,
      ...defined({ graceHours: graceHours || undefined, servesPrevious }),
      ...this.#known(settings),
    };
  }

  #id(name: string): string {
    return `${this.#part}-policy:${name}`;
  }
}

function tooMany(part: VerdictPart): RegistryError {
  return new RegistryError({
    is: 'conflict',
    code: 'tooManyPolicies',
    why: `there are ${maxPolicies} ${part} policies already, and no more are allowed: delete one first`,
  });
}
