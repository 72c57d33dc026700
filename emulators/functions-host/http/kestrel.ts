import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';

/** Kestrel's own limits, in bytes. Headers are counted with their separators. */
const [longestLine, mostHeaderBytes, mostHeaders] = [8_192, 32_768, 100];

/** Above Kestrel's limits, so that its answer comes and not Node's. */
export const nodesHeaderLimit = 65_536;

/** The head of a request as Kestrel and the host accept it, or the status that they refuse it with. */
export type Head =
  | { readonly is: 'refused'; readonly status: 400 | 414 | 431 | 500 }
  | {
      readonly is: 'taken';
      /** Decoded, but for %2F and for what is no encoding. */
      readonly path: string;
      readonly query: URLSearchParams;
      /** As the forwarder encodes it anew: what was left as it is has its percent sign encoded. */
      readonly target: string;
      /**
       * Kestrel takes values in UTF-8 and HttpClient refuses to send them: the invocation runs, and its request never
       * comes.
       */
      readonly isForwarded: boolean;
    };

/**
 * Does to a request what Kestrel (ASP.NET Core 8) and YARP do before the function is chosen, as the real host was seen
 * to do it.
 */
export function readHead(request: IncomingMessage): Head {
  const {
    method = 'GET',
    url = '/',
    httpVersion,
    rawHeaders,
    headers: { host },
  } = request;
  // A line without a version is no HTTP to Kestrel.
  if (!/^1\.[01]$/.test(httpVersion)) return refused(400);
  if (`${method} ${url} HTTP/${httpVersion}`.length > longestLine) return refused(414);
  if (
    rawHeaders.length / 2 > mostHeaders ||
    rawHeaders.reduce((sum, text) => sum + text.length + 2, 0) > mostHeaderBytes
  )
    return refused(431);
  const text = rawHeaders.join('\n');
  const isAscii = /^[\0-\x7f]*$/.test(text);
  if (!isAscii && !isUtf8(Buffer.from(text, 'latin1'))) return refused(400);
  const target = originForm(url, host);
  if (target === undefined || /[^!-~]/.test(target)) return refused(400);
  // The host makes a URI of it, and there is none without a name.
  if (host === undefined || host === '') return refused(500);
  const mark = target.indexOf('?');
  const [rawPath, search] = mark === -1 ? [target, ''] : [target.slice(0, mark), target.slice(mark)];
  if (rawPath.includes('%00')) return refused(400);
  const path = withoutDots(decoded(rawPath));
  return {
    is: 'taken',
    path,
    query: new URLSearchParams(search),
    target: encoded(path) + search,
    isForwarded: isAscii,
  };
}

function refused(status: 400 | 414 | 431 | 500): Head {
  return { is: 'refused', status };
}

/** A proxy's clients name the host in the target too; Kestrel demands that it is that of the header Host. */
function originForm(url: string, host: string | undefined): string | undefined {
  const [, authority, rest] = /^https?:\/\/([^/?#]*)(.*)$/i.exec(url) ?? [];
  if (authority === undefined || rest === undefined) return url;
  const isSame = authority.toLowerCase().replace(/:80$/, '') === (host ?? '').toLowerCase().replace(/:80$/, '');
  if (!isSame) return undefined;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** Each run of encodings by itself: one that is not UTF-8 stays as it is. */
function decoded(path: string): string {
  return path.replace(/(?:%(?!2f)[0-9a-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });
}

/** RFC 3986, section 5.2.4. */
function withoutDots(path: string): string {
  if (!/\/\.\.?(\/|$)/.test(path)) return path;
  const kept: string[] = [];
  const parts = path.split('/').slice(1);
  for (const part of parts) {
    if (part === '..') kept.pop();
    else if (part !== '.') kept.push(part);
  }
  const isFolder = /^\.\.?$/.test(parts.at(-1) ?? '');
  return `/${kept.join('/')}${isFolder && kept.length > 0 ? '/' : ''}`;
}

function encoded(path: string): string {
  return path.replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/]+/g, (text) => encodeURIComponent(text.toWellFormed()));
}
