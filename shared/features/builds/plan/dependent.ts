import type { Digest } from '../../../core/oci/digest.ts';
import type { TaggedImage } from '../bases/documents.ts';
import type { Rule } from './rules.ts';

/** An image that is to be made anew according to the graph of edges, with the ids of those that come before it. */
export interface Dependent extends TaggedImage {
  readonly rule: Rule;
  readonly bases: { base: string; tag: TaggedImage['tag']; said?: string; old: Digest[] }[];
  readonly waitsFor: Set<string>;
  level: number;
}
