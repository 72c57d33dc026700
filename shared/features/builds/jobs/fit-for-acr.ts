import type { Task } from '../tasks/documents.ts';

/** Says why a task cannot be built by Azure Container Registry; `undefined` if it can. */
export function unfitForAcr({ context, platforms, pins }: Task['settings']): string | undefined {
  if (pins === 'bump')
    return 'Azure Container Registry builds the Dockerfile as it is in the repository, so "pins" cannot be "bump"';
  if (!('git' in context))
    return 'Azure Container Registry fetches the context itself: use a git repository as context';
  if (context.credential !== undefined)
    return 'Azure Container Registry would store the credential of the repository in its runs: use a public repository';
  return platforms !== undefined && platforms.length > 1
    ? 'Azure Container Registry builds for one platform: leave out "platforms"'
    : undefined;
}
