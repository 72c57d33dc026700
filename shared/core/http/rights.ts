import type { Access, RepositoryAction } from '../ports/authorize.ts';

const verbs: Readonly<Record<RepositoryAction, string>> = {
  pull: 'content/read',
  push: 'content/write',
  delete: 'content/delete',
  metadata_read: 'metadata/read',
  metadata_write: 'metadata/write',
  deleted_read: 'deleted/read',
  deleted_restore: 'deleted/restore',
  quarantine_read: 'quarantine/read',
  quarantine_write: 'quarantine/write',
};

/** Names the right that is missing, in the words of a scope map's actions. */
export function rightFor(access: Access): string {
  switch (access.type) {
    case 'repository':
      return `repositories/${access.name}/${verbs[access.action]}`;
    case 'registry':
      return 'catalog/read';
    case 'listing':
      return `repositories/${access.name}/metadata/read`;
    case 'management':
      return access.name === 'api' ? `management/${access.action}` : `${access.name}/write`;
  }
}
