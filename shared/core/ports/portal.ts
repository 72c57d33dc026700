/** A file of the portal, with its compressed forms. */
export interface PortalFile {
  readonly bytes: Uint8Array;
  readonly gz: Uint8Array;
  readonly br: Uint8Array;
}

/** The files of the portal by their paths below `/ui/`; `undefined` where none are built. */
export type PortalFiles = ReadonlyMap<string, PortalFile> | undefined;

export interface ReadPortal {
  /** Returns all files. They are read from disk once, and stay in memory. */
  (): Promise<PortalFiles>;
}
