import type { StackSettings } from './settings.ts';
import type { StackKeys } from './stack-keys.ts';
import type { StateFolder } from './state-folder.ts';

export interface ServicesOptions {
  readonly settings: StackSettings;
  readonly state: StateFolder;
  readonly keys: StackKeys;
  /** Where the functions of a region are called; `undefined` until they listen: then their events wait. */
  readonly functionsUrl: (region: number) => string | undefined;
  /** One line of progress for a person. */
  readonly progress: (line: string) => void;
  readonly log: (line: string) => void;
}
