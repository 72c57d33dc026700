import zlib from 'node:zlib';

/**
 * Throws one line where this Node is too old. undici uses the zstd decoder of Node 22.15 while it is loaded, so an
 * older Node ends with "Cannot read properties of undefined (reading 'bind')", and the Functions host goes on and
 * answers 404 to everything.
 */
export function requireNode(): void {
  if ('createZstdDecompress' in zlib) return;
  throw new Error(
    `Longshore needs Node 22.15 or newer (of 23, 23.8), and this is Node ${process.versions.node}: ` +
      'put a newer one first on the PATH, or use an image that has it (docs/local.md)',
  );
}
