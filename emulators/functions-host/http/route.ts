/** The values of a route's `{parameters}` in a path, URL-decoded; an optional one without a value is absent. */
export type RouteValues = Record<string, string>;

export interface Route {
  /** Undefined when the path does not fit. */
  match(path: string): RouteValues | undefined;
}

type Segment =
  | { kind: 'literal'; text: string }
  | { kind: 'parameter'; name: string; optional: boolean; allows: (value: string) => boolean }
  | { kind: 'catch-all'; name: string };

const constraints: Record<string, RegExp> = {
  alpha: /^[a-z]*$/i,
  bool: /^(true|false)$/i,
  guid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  int: /^-?\d{1,10}$/,
  long: /^-?\d{1,19}$/,
};

/**
 * Parses a route template of ASP.NET routing: literals (any case), `{name}`, `{name?}`, `{name:int}` and a last
 * `{*name}`. Throws for what this host does not read and for the prefixes that the Functions host keeps for itself.
 */
export function parseRoute(template: string, routePrefix: string): Route {
  if (/^[/~]/.test(template)) throw new Error(`The route "${template}" may not begin with "/" or "~".`);
  const path = [routePrefix, template].filter((part) => part !== '').join('/');
  if (/^(admin|runtime)(\/|$)/i.test(path))
    throw new Error(`The route "${path}" begins with a name that the Functions host keeps for itself.`);
  const segments =
    path === ''
      ? []
      : path.split('/').map((text, index, all) => parseSegment(text, index === all.length - 1, template));
  return { match: (requestPath) => matchSegments(segments, requestPath) };
}

function parseSegment(text: string, isLast: boolean, template: string): Segment {
  if (!/[{}]/.test(text)) return { kind: 'literal', text: text.toLowerCase() };
  const match = /^\{(\*{0,2})([A-Za-z_][\w-]*)(?::([a-z]+(?:\(\d+\))?))?(\?)?\}$/.exec(text);
  const [, star, name, constraint, optional] = match ?? [];
  if (name === undefined)
    throw new Error(`The route "${template}" has the part "${text}", which this host does not read.`);
  if (star !== '') {
    if (!isLast) throw new Error(`The route "${template}" has a catch-all that is not last.`);
    return { kind: 'catch-all', name };
  }
  const longest = /^maxlength\((\d+)\)$/.exec(constraint ?? '')?.[1];
  const pattern =
    constraint === undefined
      ? /^/
      : longest === undefined
        ? constraints[constraint]
        : new RegExp(`^.{0,${longest}}$`, 's');
  if (pattern === undefined)
    throw new Error(
      `The route "${template}" has the constraint "${String(constraint)}", which this host does not read.`,
    );
  return { kind: 'parameter', name, optional: optional !== undefined, allows: (value) => pattern.test(value) };
}

function matchSegments(segments: Segment[], requestPath: string): RouteValues | undefined {
  // One trailing slash does not count, and a path with an empty part, as in "a//b", is no function's, not even by a
  // catch-all.
  const trimmed = requestPath.replace(/^\//, '').replace(/\/$/, '');
  const parts = trimmed === '' ? [] : trimmed.split('/');
  if (parts.includes('')) return undefined;
  const values: RouteValues = {};
  for (const [index, segment] of segments.entries()) {
    if (segment.kind === 'catch-all') {
      if (parts.length > index) values[segment.name] = requestPath.replace(/^\//, '').split('/').slice(index).join('/');
      return values;
    }
    const part = parts[index];
    if (part === undefined) {
      if (segment.kind === 'parameter' && segment.optional) continue;
      return undefined;
    }
    if (segment.kind === 'literal' && segment.text !== part.toLowerCase()) return undefined;
    if (segment.kind === 'parameter') {
      if (!segment.allows(part)) return undefined;
      values[segment.name] = part;
    }
  }
  return parts.length > segments.length ? undefined : values;
}
