import { createHash } from 'node:crypto';
import { defined } from '../../core/documents/defined.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { PortalFile, ReadPortal } from '../../core/ports/portal.ts';
import { encodingFor } from './encoding.ts';

/**
 * Nothing but this registry's own files runs or is shown in the portal, nothing is put into it as markup, nobody may
 * frame it, and it sends nothing to other hosts.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const guarding = {
  'Content-Security-Policy': contentSecurityPolicy,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy':
    'accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()',
};

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
};

/** The names of files here have the hash of their content. */
const hashed = 'assets/';

/** Answers what is below `/ui/`: the files of the portal, and for each of its own paths the one page. */
export async function servePortal(read: ReadPortal, request: Request): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    throw new RegistryError({ is: 'method-not-allowed', allow: ['GET', 'HEAD'] });
  const { pathname } = new URL(request.url);
  if (pathname === '/ui') return plain(308, 'The portal is at /ui/.\n', { Location: '/ui/' });
  const files = await read();
  if (files === undefined) return plain(404, 'The portal is not built: run "npm run portal", or "npm run build".\n');
  const path = pathname.slice('/ui/'.length);
  const isAsset = path.startsWith(hashed);
  const name = isAsset ? path : 'index.html';
  const file = files.get(name);
  // During a deployment a page of one version may ask an instance of another: nobody may keep that answer.
  if (file === undefined)
    return plain(404, `The portal has no file ${JSON.stringify(path.slice(0, 200))}: reload the page.\n`);
  return fileAnswer(request, name, file, isAsset ? 'public, max-age=31536000, immutable' : 'no-cache');
}

function fileAnswer({ headers }: Request, name: string, file: PortalFile, cacheControl: string): Response {
  const etag = etagOf(file);
  const common = { ...guarding, ETag: etag, 'Cache-Control': cacheControl, Vary: 'Accept-Encoding' };
  if (matches(headers.get('if-none-match'), etag)) return new Response(null, { status: 304, headers: common });
  const encoding = encodingFor(headers.get('accept-encoding'));
  const body = encoding === undefined ? file.bytes : encoding === 'br' ? file.br : file.gz;
  return new Response(body as Uint8Array<ArrayBuffer>, {
    headers: {
      ...common,
      'Content-Type': types[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream',
      'Content-Length': String(body.length),
      ...defined({ 'Content-Encoding': encoding === 'gz' ? 'gzip' : encoding }),
    },
  });
}

const etags = new WeakMap<PortalFile, string>();

/** The tag is weak: it stands for the content in whichever encoding. */
function etagOf(file: PortalFile): string {
  const known = etags.get(file);
  if (known !== undefined) return known;
  const etag = `W/"${createHash('sha256').update(file.bytes).digest('base64url').slice(0, 22)}"`;
  etags.set(file, etag);
  return etag;
}

function matches(ifNoneMatch: string | null, etag: string): boolean {
  return ifNoneMatch !== null && ifNoneMatch.split(',').some((each) => each.trim() === etag || each.trim() === '*');
}

function plain(status: number, text: string, more: Record<string, string> = {}): Response {
  const headers = { ...guarding, 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store', ...more };
  return new Response(text, { status, headers });
}
