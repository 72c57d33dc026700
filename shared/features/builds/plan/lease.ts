import type { Lease, LeaseTerms } from '../../../core/documents/lease.ts';
import type { Node } from './documents.ts';

/**
 * The right to make an image and to write its result. Its holder may be silent for three minutes before another process
 * takes over. The image may have been cancelled: until the next renewal, so for ten seconds, a builder may work in
 * vain.
 */
export type NodeLease = Lease<Node>;

export const nodeLease: LeaseTerms<Node> = { ms: 180_000, renewMs: 10_000, until: (dueAt) => ({ dueAt }) };
