import type { ManifestMediaType } from '../../../core/oci/media-types.ts';
import type { StoredImage } from '../../../core/ports/images.ts';

/** It is pushed by its digest, and its test has said what it says. */
export type MadeImage =
  | {
      readonly is: 'made';
      readonly how: 'rebased' | 'built';
      readonly image: Pick<StoredImage, 'digest' | 'bytes'> & { readonly mediaType: ManifestMediaType };
      readonly conflicts: readonly string[];
      /** Of a context in git. */ readonly commit?: string;
      /** Why its test fails it. */ readonly gate?: string;
    }
  | { readonly is: 'same' }
  /** A runner elsewhere has it and will tell, or it waits for its turn: until then nobody takes it up. */
  | { readonly is: 'elsewhere' }
  | { readonly is: 'refused'; readonly why: string };
