import type { Attributes } from '../documents/attributes.ts';
import type { Predicate } from '../ports/documents.ts';
import type { ContentGate, Operation, Verdict } from './gate.ts';

const lockedBy: Readonly<Record<Operation, 'read' | 'write' | 'delete'>> = {
  pull: 'read',
  head: 'read',
  blob: 'read',
  mount: 'read',
  copy: 'read',
  push: 'write',
  tag: 'write',
  restore: 'write',
  delete: 'delete',
};

/**
 * Refuses what an attribute of the repository, the tag or the manifest forbids. What may not be written may not be
 * deleted either (ACR, "Lock a container image").
 */
export const lockGate: ContentGate = {
  kind: 'lock',
  name: 'attributes',
  ask({ operation, repository, tag, manifest }) {
    const lock = lockedBy[operation];
    if (repository !== undefined) {
      const attribute = forbidding(lock, repository.attributes);
      if (attribute !== undefined) return locked(`repository ${repository.repository}`, attribute);
    }
    if (tag !== undefined) {
      const attribute = forbidding(lock, tag.attributes);
      if (attribute !== undefined) return locked(`tag ${tag.name}`, attribute);
    }
    if (manifest !== undefined) {
      const attribute = forbidding(lock, manifest.attributes);
      if (attribute !== undefined) return locked(`manifest ${manifest.digest}`, attribute);
    }
    return undefined;
  },
};

/** Selects what no attribute takes out of lists, so that the store is asked for that alone. */
export const isListed: Predicate = { path: 'attributes.listEnabled', is: '=', value: true };

function forbidding(lock: 'read' | 'write' | 'delete', attributes: Attributes): keyof Attributes | undefined {
  switch (lock) {
    case 'read':
      return attributes.readEnabled ? undefined : 'readEnabled';
    case 'write':
      return attributes.writeEnabled ? undefined : 'writeEnabled';
    case 'delete':
      if (!attributes.deleteEnabled) return 'deleteEnabled';
      return attributes.writeEnabled ? undefined : 'writeEnabled';
  }
}

function locked(what: string, attribute: keyof Attributes): Verdict {
  return { is: 'refused', fault: { is: 'disallowed', what, attribute } };
}
