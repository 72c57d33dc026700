import { z } from 'zod';
import { RegistryError } from '../oci/faults.ts';

/** ACR's `changeableAttributes`: the locks of a repository, a manifest or a tag, each of which has its own. */
export const attributesSchema = z.object({
  deleteEnabled: z.boolean(),
  writeEnabled: z.boolean(),
  listEnabled: z.boolean(),
  readEnabled: z.boolean(),
});
export type Attributes = z.infer<typeof attributesSchema>;

export const everythingEnabled: Attributes = {
  deleteEnabled: true,
  writeEnabled: true,
  listEnabled: true,
  readEnabled: true,
};

export type Operation = 'read' | 'write' | 'delete';

/** Something that has attributes, in the words of the detail that a refused client reads. */
export interface Guarded {
  readonly what: string;
  readonly attributes: Attributes;
}

/**
 * Throws `RegistryError` (`disallowed`) for the first that forbids the operation. An object that may not be written may
 * not be deleted either (ACR, "Lock a container image"). Absent ones forbid nothing.
 */
export function requireAllowed(operation: Operation, guarded: readonly (Guarded | undefined)[]): void {
  for (const each of guarded) {
    const attribute = each === undefined ? undefined : forbidding(operation, each.attributes);
    if (each !== undefined && attribute !== undefined)
      throw new RegistryError({ is: 'disallowed', what: each.what, attribute });
  }
}

/** Says whether none of them forbids the operation. */
export function allows(operation: Operation, guarded: readonly (Guarded | undefined)[]): boolean {
  return guarded.every((each) => each === undefined || forbidding(operation, each.attributes) === undefined);
}

/** Returns the attribute that forbids the operation, if one does. */
export function forbidding(operation: Operation, attributes: Attributes): keyof Attributes | undefined {
  switch (operation) {
    case 'read':
      return attributes.readEnabled ? undefined : 'readEnabled';
    case 'write':
      return attributes.writeEnabled ? undefined : 'writeEnabled';
    case 'delete':
      if (!attributes.deleteEnabled) return 'deleteEnabled';
      return attributes.writeEnabled ? undefined : 'writeEnabled';
  }
}
