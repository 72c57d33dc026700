import type { Digest } from '../../../core/oci/digest.ts';
import type { TaggedImage } from '../edges/documents.ts';
import type { Rule } from './rules.ts';

/** An image that is made anew, as the graph of edges says: by its name, what comes before it. */
export interface Dependent extends TaggedImage {
  readonly rule: Rule;
  readonly bases: { base: string; tag: TaggedImage['tag']; said?: string; old: Digest[] }[];
  readonly waitsFor: Set<string>;
  level: number;
}
