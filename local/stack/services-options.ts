import type { StackSettings } from './settings.ts';
import type { StackKeys } from './stack-keys.ts';
import type { StateFolder } from './state-folder.ts';

export interface ServicesOptions {
  readonly settings: StackSettings;
  readonly state: StateFolder;
  readonly keys: StackKeys;
  /** Returns the URL of a region's functions; `undefined` until they listen, while their events wait. */
  readonly functionsUrl: (region: number) => string | undefined;
  /** Reports one line of progress to a person. */
  readonly progress: (line: string) => void;
  readonly log: (line: string) => void;
}
