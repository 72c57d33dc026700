import type { Task } from '../tasks/documents.ts';

/** Says why a task cannot be built by Azure Container Registry; `undefined` if it can. */
export function unfitForAcr({ context, platforms, pins }: Task['settings']): string | undefined {
  if (pins === 'bump')
    return 'Azure Container Registry builds the Dockerfile as it is in the repository: its digests stay';
  if (!('git' in context)) return 'Azure Container Registry fetches its context itself: name a git repository';
  if (context.credential !== undefined)
    return 'Azure Container Registry would keep the credential of the repository in its runs: name a public one';
  return platforms !== undefined && platforms.length > 1
    ? 'Azure Container Registry builds for one platform'
    : undefined;
}
