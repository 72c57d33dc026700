import type { TrustSettings } from '../policy.ts';
import { trustSettingsSchema } from '../policy.ts';

/** A policy as it is to be stored. */
export interface ImportedPolicy {
  readonly name: string;
  readonly settings: TrustSettings;
}

/**
 * The reading of a document of another tool. An import is never weaker than its source: what cannot be carried over is a
 * fault, a whole sentence that names its place, and then nothing is imported. A note says what became stricter, or is of
 * no concern here.
 */
export type Importing =
  | { readonly is: 'read'; readonly policies: readonly ImportedPolicy[]; readonly notes: readonly string[] }
  | { readonly is: 'faulty'; readonly faults: readonly string[] };

/** The circumstances of an import. */
export interface ImportOptions {
  /** The names of this registry, some with a port, in lower case. */
  readonly hosts: readonly string[];
  /** Says what a scope of another registry does. */
  readonly otherRegistries: 'refuse' | 'leave-out';
  /** The mode of all policies; absent, that of the source. */
  readonly mode: 'off' | 'audit' | 'enforce' | undefined;
}

/** Makes a name that a policy may have of one that another tool allows. */
export function nameFrom(text: string): string {
  const plain = text.replaceAll(/[^a-zA-Z0-9_-]/g, '-').replace(/^[^a-zA-Z0-9]+/, '');
  return plain === '' ? 'imported' : plain.slice(0, 50);
}

/** Parses the policies as if somebody had put them; a fault names the policy. */
export function checked(
  given: readonly { readonly name: string; readonly settings: unknown }[],
  notes: readonly string[],
): Importing {
  const faults: string[] = [];
  const policies: ImportedPolicy[] = [];
  for (const [at, { name, settings }] of given.entries()) {
    if (given.findIndex((each) => each.name === name) !== at)
      faults.push(`Two policies would have the name ${name}: rename one of them.`);
    const parsed = trustSettingsSchema.safeParse(settings);
    if (parsed.success) policies.push({ name, settings: parsed.data });
    else
      faults.push(
        ...parsed.error.issues.map(
          ({ path, message }) => `The policy ${name} cannot have ${path.join('.')}: ${message}.`,
        ),
      );
  }
  return faults.length > 0 ? faulty(faults) : { is: 'read', policies, notes: notes.slice(0, mostNotes) };
}

const mostFaults = 20;
const mostNotes = 50;
const longest = 300;

export function faulty(faults: readonly string[]): Importing {
  const shown = faults
    .slice(0, mostFaults)
    .map((each) => (each.length > longest ? `${each.slice(0, longest)}…` : each));
  const more = faults.length - shown.length;
  return { is: 'faulty', faults: more > 0 ? [...shown, `There are ${more} more faults.`] : shown };
}
