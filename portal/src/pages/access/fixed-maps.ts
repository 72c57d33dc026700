/** The scope maps of ACR, which are there without being listed. */
export const fixedMaps = [
  '_repositories_pull',
  '_repositories_pull_metadata_read',
  '_repositories_push',
  '_repositories_push_metadata_write',
  '_repositories_admin',
] as const;
