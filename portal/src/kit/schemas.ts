import type { components } from '../../../generated/api.d.ts';

/** A shape of the API, by its name in the document. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];
