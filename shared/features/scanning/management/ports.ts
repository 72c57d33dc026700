import type { Places } from '../../../core/documents/whole-list.ts';
import type { Documents } from '../../../core/ports/documents.ts';
import type { ScanPorts } from '../ports.ts';

/** The ports of the routes of the management API. */
export interface ScanningHttpPorts extends ScanPorts {
  readonly places: Places;
  /** Its pages are named by sealed tokens. */
  readonly lists: { readonly documents: Documents };
}
