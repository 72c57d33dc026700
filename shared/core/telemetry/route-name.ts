/**
 * The names under which requests are counted and timed. They are a small fixed set: a path holds names that clients
 * choose, and each would be a series.
 */
export type RouteName =
  | 'v2'
  | 'catalog'
  | 'manifest'
  | 'blob'
  | 'uploads'
  | 'upload'
  | 'tags'
  | 'referrers'
  | 'acr'
  | 'oauth2'
  | 'api'
  | 'health'
  | 'metrics'
  | 'unknown';

/** The template of each route, which names its spans. */
export const routeTemplates: Readonly<Record<RouteName, string>> = {
  v2: '/v2/',
  catalog: '/v2/_catalog',
  manifest: '/v2/{name}/manifests/{reference}',
  blob: '/v2/{name}/blobs/{digest}',
  uploads: '/v2/{name}/blobs/uploads/',
  upload: '/v2/{name}/blobs/uploads/{upload}',
  tags: '/v2/{name}/tags/list',
  referrers: '/v2/{name}/referrers/{digest}',
  acr: '/acr/v1/{path}',
  oauth2: '/oauth2/{path}',
  api: '/api/v1/{path}',
  health: '/healthz',
  metrics: '/metrics',
  unknown: 'unknown',
};

const roots: readonly (readonly [string, RouteName])[] = [
  ['/acr/v1/', 'acr'],
  ['/oauth2/', 'oauth2'],
  ['/api/v1/', 'api'],
];

const whole: Readonly<Partial<Record<string, RouteName>>> = {
  '/v2': 'v2',
  '/v2/': 'v2',
  '/v2/_catalog': 'catalog',
  '/healthz': 'health',
  '/metrics': 'metrics',
};

/**
 * The word before the last segment names the endpoint, as in `parseRoute`; a request with an invalid name still counts
 * for that endpoint.
 */
const words: Readonly<Partial<Record<string, RouteName>>> = {
  manifests: 'manifest',
  blobs: 'blob',
  uploads: 'upload',
  tags: 'tags',
  referrers: 'referrers',
};

/**
 * Names the route of any path; a path that no route has is `unknown`. It makes no copy of the path's parts, because it
 * is called for every pull.
 */
export function routeName(path: string): RouteName {
  if (path.startsWith('/v2/') && path.length > 4 && path !== '/v2/_catalog') return contentRoute(path);
  // Only own properties count: a path may be called `constructor`.
  if (Object.hasOwn(whole, path)) return whole[path] ?? 'unknown';
  return roots.find(([root]) => path.startsWith(root))?.[1] ?? 'unknown';
}

function contentRoute(path: string): RouteName {
  const last = path.lastIndexOf('/');
  const word = path.slice(path.lastIndexOf('/', last - 1) + 1, last);
  if (word === 'blobs' && path.endsWith('/uploads')) return 'uploads';
  if (word === 'uploads' && path.endsWith('/')) return 'uploads';
  return Object.hasOwn(words, word) ? (words[word] ?? 'unknown') : 'unknown';
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Returns a known method, or `other`: Node lets some thirty methods through, and other hosts any word. */
export function methodName(method: string): string {
  return methods.has(method) ? method : 'other';
}
