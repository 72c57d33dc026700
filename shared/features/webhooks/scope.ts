import { defined } from '../../core/documents/defined.ts';
import { catalogue, eventTypes } from '../../core/events/catalogue.ts';
import type { CloudEvent } from '../../core/ports/topic.ts';
import { globMatches, isRepositoryGlob, isTagGlob } from '../../core/rules/pattern.ts';

/** The words of ACR's webhooks. */
export const acrActions = ['push', 'delete', 'quarantine', 'chart_push', 'chart_delete'] as const;

/** The actions of webhooks: ACR's words, and the types that ACR has no word for. A type of an action goes by its word. */
export const hookActions: readonly string[] = [
  ...acrActions,
  ...eventTypes.filter((type) => type.startsWith('Longshore.') && !('action' in catalogue[type].data.shape)),
];

/** The parts of a CloudEvent that webhooks need: as it was published, or as a handler has parsed it. */
export type HookEvent = Pick<CloudEvent, 'id' | 'source' | 'type' | 'subject' | 'time' | 'data'>;

/** The repositories, and the tags of them; no `tag` is every tag, and manifests without one. */
export type Scope =
  { readonly is: 'everything' } | { readonly is: 'within'; readonly repository: string; readonly tag?: string };

export const scopeSyntax =
  'must be empty (everything), REPOSITORY:TAG, REPOSITORY:* (all of it), REPOSITORY (its tag latest), or a ' +
  'pattern such as team/** or team/*:v*, where * stands for anything but a slash and ** for anything';

/**
 * Parses ACR's scope: `foo` is `foo:latest`, `foo:*` is everything of `foo`, also manifests without a tag (a delete, a
 * push by digest). Beyond it, a `*` may stand in either part: a pattern of repositories without a tag covers everything
 * of them. Returns `undefined` when it is none of these.
 */
export function parseScope(text: string): Scope | undefined {
  if (text === '') return { is: 'everything' };
  const { repository, tag } = partsOf(text);
  return scopeOf(repository, tag ?? (repository.includes('*') ? '*' : 'latest'));
}

/**
 * Parses an exclusion of a webhook. ACR has none, so its rule of `latest` does not hold here: excluding a repository
 * excludes all of it.
 */
export function parseExclude(text: string): Scope | undefined {
  const { repository, tag = '*' } = partsOf(text);
  return scopeOf(repository, tag);
}

function partsOf(text: string): { readonly repository: string; readonly tag?: string } {
  const colon = text.indexOf(':');
  return colon === -1 ? { repository: text } : { repository: text.slice(0, colon), tag: text.slice(colon + 1) };
}

function scopeOf(repository: string, tag: string): Scope | undefined {
  if (!isRepositoryGlob(repository) || !isTagGlob(tag)) return undefined;
  return tag === '*' ? { is: 'within', repository } : { is: 'within', repository, tag };
}

/**
 * Returns the one word that events which the scope may cover share (`anchorsOf`): the longest part of it that is no
 * pattern.
 */
export function anchorOf(scope: Scope): string {
  if (scope.is === 'everything') return 'all';
  const { repository, tag } = scope;
  const star = repository.indexOf('*');
  if (star === -1) return tag === undefined || tag.includes('*') ? `repo:${repository}` : `tag:${repository}:${tag}`;
  const folder = repository.slice(0, repository.lastIndexOf('/', star) + 1);
  return folder === '' ? 'all' : `under:${folder}`;
}

/**
 * Returns the anchors of routes of webhooks that an event may concern: its action, and every anchor that a scope which
 * covers it can have.
 */
export function anchorsOf(event: HookEvent): string[] {
  const { action, repository, tags } = concernOf(event);
  const places =
    repository === undefined
      ? []
      : [
          ...tags.map((tag) => `tag:${repository}:${tag}`),
          `repo:${repository}`,
          ...foldersOf(repository).map((folder) => `under:${folder}`),
        ];
  return ['all', ...places].map((place) => routeAnchor(action, place));
}

export function routeAnchor(action: string, anchor: string): string {
  return `${action}|${anchor}`;
}

/** Returns the folders of a repository: `a/` and `a/b/` of `a/b/c`. */
function foldersOf(repository: string): string[] {
  return [...repository.matchAll(/\//g)].map(({ index }) => repository.slice(0, index + 1));
}

/**
 * The properties that a scope decides by. Events that are about no repository concern webhooks without a scope alone.
 */
export interface Concern {
  /** ACR's word where ACR has one, else the event's type. */
  readonly action: string;
  readonly repository?: string;
  /** The tags. A chart has two: its archive's name, which ACR gives as its tag, and the tag that Helm pushed it by. */
  readonly tags: readonly string[];
}

export function concernOf({ type, data }: HookEvent): Concern {
  const { action, target } = data as {
    action?: unknown;
    target?: { repository?: unknown; tag?: unknown; name?: unknown; version?: unknown };
  };
  const { repository, tag, version } = target ?? {};
  // Helm writes + as _ in tags.
  const pushedBy = typeof version === 'string' ? version.replaceAll('+', '_') : undefined;
  const tags = [tag, pushedBy].filter((each) => typeof each === 'string');
  return {
    action: acrActions.find((word) => word === action) ?? type,
    tags,
    ...defined({ repository: typeof repository === 'string' ? repository : undefined }),
  };
}

/** Says whether a webhook gets an event, if it is enabled. */
export function covers(
  hook: { readonly actions: readonly string[]; readonly scope: string; readonly excludes: readonly string[] },
  event: HookEvent,
): boolean {
  const concern = concernOf(event);
  return (
    hook.actions.includes(concern.action) &&
    isWithin(parseScope(hook.scope), concern) &&
    !hook.excludes.some((exclude) => isWithin(parseExclude(exclude), concern))
  );
}

function isWithin(scope: Scope | undefined, { repository, tags }: Concern): boolean {
  if (scope === undefined || scope.is === 'everything') return scope !== undefined;
  const { repository: repositories, tag } = scope;
  return (
    repository !== undefined &&
    globMatches(repositories, repository) &&
    (tag === undefined || tags.some((each) => globMatches(tag, each)))
  );
}
