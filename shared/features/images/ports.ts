import type { Admission } from '../../core/admission/admission.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import type { RepositoryDocument } from '../../core/documents/repository.ts';
import type { Stored } from '../../core/documents/stored.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { RandomIds } from '../../core/ports/clock.ts';
import type { CountDocuments, QueryDocuments, ReadDocument } from '../../core/ports/documents.ts';
import type {
  MeasureImages,
  PreviewDeletion,
  ShowBase,
  ShowPurgeDue,
  ShowRegions,
} from '../../core/ports/image-views.ts';
import type { DeleteImages, Images } from '../../core/ports/images.ts';

/** The ports of the views of images. Of them `deleteImages` alone changes anything. */
export interface ImageViewPorts {
  readonly registry: RegistryName;
  readonly admission: Admission;
  readonly documents: ReadDocument & QueryDocuments & CountDocuments;
  /** The catalog's entries as this instance knows them. */
  readonly entries: { find(key: RepositoryKey): Promise<Stored<RepositoryDocument> | undefined> };
  readonly images: Pick<Images, 'readImage' | 'readSmallBlob'>;
  readonly deleteImages: DeleteImages;
  readonly ids: RandomIds;
  readonly measureImages: MeasureImages;
  readonly previewDeletion: PreviewDeletion;
  readonly showRegions: ShowRegions;
  readonly showPurgeDue: ShowPurgeDue;
  readonly showBase: ShowBase;
  readonly settings: { readonly publicUrl?: URL };
}
