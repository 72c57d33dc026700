import { isInUseSource } from '../../core/documents/in-use-source.ts';
import type { ManagementRight } from '../../core/feature/feature.ts';

/**
 * Names the right of a cluster or a tool to report its own images, which is not one to the whole API. Only
 * administrators may ask for something that is no name of one.
 */
export function inUseRight(path: string): ManagementRight | undefined {
  const [, source = ''] = /^\/in-use\/(.*)$/s.exec(path) ?? [];
  return isInUseSource(source) ? `in-use/${source}` : undefined;
}
