/**
 * What a request's time and count are kept under. A small fixed set: a path holds names that clients choose, and each
 * would be a series.
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

/** Each route as a template: what a span is called by. */
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
 * The word before the last segment says the endpoint, as in `parseRoute`; a name that is wrong is still asked of that
 * endpoint.
 */
const words: Readonly<Partial<Record<string, RouteName>>> = {
  manifests: 'manifest',
  blobs: 'blob',
  uploads: 'upload',
  tags: 'tags',
  referrers: 'referrers',
};

/**
 * For every path, also one that no route has: `unknown`. It makes no copy of the path's parts; it is asked of every
 * pull.
 */
export function routeName(path: string): RouteName {
  if (path.startsWith('/v2/') && path.length > 4 && path !== '/v2/_catalog') return contentRoute(path);
  // Own properties alone: a path may be called `constructor`.
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

/** Node lets some thirty methods through, and other hosts any word. */
export function methodName(method: string): string {
  return methods.has(method) ? method : 'other';
}
