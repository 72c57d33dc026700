import type { ManifestMediaType } from '../../../core/oci/media-types.ts';
import type { StoredImage } from '../../../core/ports/images.ts';

/** The result of making an image: it was pushed by its digest, and `gate` has the verdict of its test. */
export type MadeImage =
  | {
      readonly is: 'made';
      readonly how: 'rebased' | 'built';
      readonly image: Pick<StoredImage, 'digest' | 'bytes'> & { readonly mediaType: ManifestMediaType };
      readonly conflicts: readonly string[];
      /** The commit of a context in git. */ readonly commit?: string;
      /** The reason why it does not pass its test. */ readonly gate?: string;
    }
  | { readonly is: 'same' }
  /** A runner has it and will call back, or it waits for its turn: until then no process claims it. */
  | { readonly is: 'with a runner' }
  | { readonly is: 'refused'; readonly why: string };
