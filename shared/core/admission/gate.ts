import type { ManifestDocument, TagDocument } from '../documents/manifest.ts';
import type { RepositoryKey } from '../documents/names.ts';
import type { RepositoryDocument } from '../documents/repository.ts';
import type { Digest } from '../oci/digest.ts';
import type { RequestFault } from '../oci/faults.ts';
import type { Tag } from '../oci/name.ts';
import type { Asker } from '../ports/authorize.ts';

/** In the order in which gates are asked: where a request comes from, how much is asked, what is locked, what is held. */
export const gateKinds = ['network', 'rate', 'lock', 'hold'] as const;

/** The objection of a gate to a request. A gate that has nothing against it says nothing. */
export type Verdict =
  | { readonly is: 'refused'; readonly fault: RequestFault }
  /** In audit mode: what would be refused. The answer is given, and says it in its `Warning`. */
  | { readonly is: 'noted'; readonly warning: string };

/** A request of which nothing is known but where it comes from. */
export interface Arrival {
  readonly request: Request;
  /** As far as the trusted proxies tell. */
  readonly address: string | undefined;
}

/** A request of which it is known who asks. */
export interface Counted {
  readonly request: Request;
  /** Absent for one that showed no credentials. */
  readonly identity: string | undefined;
  /** Says whether its rights are enough; a request that is refused for want of them costs others nothing. */
  readonly isServed: boolean;
}

/**
 * The kinds of work on content. `blob` is a pull of bytes, `copy` the reading of an image that goes into another
 * repository, `mount` the same of a blob; `tag` sets a tag, or moves it.
 */
export type Operation = 'pull' | 'head' | 'blob' | 'mount' | 'copy' | 'push' | 'tag' | 'delete' | 'restore';

/**
 * The work that is to be done, and the facts that are known of it. A question is asked as soon as something is known, so an operation may
 * ask several: of its repository, its tag, its manifest. A gate judges what a question has, and reads nothing for it.
 */
export interface Question {
  readonly operation: Operation;
  readonly key: RepositoryKey;
  /** Absent where the registry itself acts: a policy, a timer, a build. */
  readonly asker?: Asker | undefined;
  readonly repository?: Pick<RepositoryDocument, 'repository' | 'attributes'> | undefined;
  /** As it is stored. A pull by tag has it beside its manifest too. */
  readonly tag?: Pick<TagDocument, 'name' | 'digest' | 'attributes'> | undefined;
  /** The whole document: a verdict that lies in it costs no read. */
  readonly manifest?: ManifestDocument | undefined;
  /** The tag that is set, and the digest that it is to point at. */
  readonly sets?: { readonly tag: Tag; readonly digest: Digest };
  /** The repository that a mount or a copy goes into. */
  readonly into?: RepositoryKey;
}

interface Named<K extends (typeof gateKinds)[number], Q> {
  readonly kind: K;
  readonly name: string;
  /** Answers at once, by what it is given and what it has in memory: a pull asks every gate. */
  readonly ask: (question: Q) => Verdict | undefined;
}

export type NetworkGate = Named<'network', Arrival>;
export type RateGate = Named<'rate', Counted>;
export type ContentGate = Named<'lock' | 'hold', Question>;

/** Something that may refuse requests. */
export type Gate = NetworkGate | RateGate | ContentGate;
