import type { Lease, LeaseTerms } from '../../../core/documents/lease.ts';
import type { Node } from './documents.ts';

/**
 * The right to make an image and to say what became of it. Whoever makes one may be silent for three minutes before
 * somebody else takes over. Somebody may have cancelled it: for as long as it is renewed, ten seconds, a builder may go
 * on for nothing.
 */
export type NodeLease = Lease<Node>;

export const nodeLease: LeaseTerms<Node> = { ms: 180_000, renewMs: 10_000, until: (tryAt) => ({ tryAt }) };
