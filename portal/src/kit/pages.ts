import type { ComponentType } from 'preact';

/** A page of the portal. */
export interface Page {
  /** Its address below `/ui`. What it shows is named in the query. */
  readonly path: string;
  /** Loads its script; a page that came with the first one is given as it is. */
  readonly load: () => ComponentType | Promise<ComponentType>;
  /** Its entry in the navigation; absent, other pages lead there. */
  readonly entry?: {
    readonly label: string;
    /** The letter that follows `g`: one that the label has. */
    readonly letter: string;
  };
}
