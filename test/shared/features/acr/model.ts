import type { AcrAttributes } from './asking.ts';

type Attribute = 'deleteEnabled' | 'writeEnabled' | 'listEnabled' | 'readEnabled';
type Attributes = Record<Attribute, boolean>;

interface Kept {
  readonly attributes: Attributes;
  readonly createdAt: number;
  readonly updatedAt: number;
}

type Target = { readonly tag: string } | { readonly image: number };

export type Step =
  | { readonly do: 'push'; readonly image: number; readonly tag?: string }
  | { readonly do: 'delete' | 'pull'; readonly target: Target }
  | { readonly do: 'set'; readonly target: Target; readonly attribute: Attribute; readonly value: boolean }
  | { readonly do: 'drop' }
  | { readonly do: 'wait'; readonly ms: number };

const all: Attributes = { deleteEnabled: true, writeEnabled: true, listEnabled: true, readEnabled: true };

/**
 * One repository as it must be, without stores: each step answers with the status that the registry must answer with.
 */
export class RepositoryModel {
  readonly digests: readonly string[];
  readonly tags = new Map<string, Kept & { readonly digest: string }>();
  readonly manifests = new Map<string, Kept>();
  /** The deleted manifests: one that is pushed again is as it was. */
  readonly binned = new Map<string, Kept>();
  exists = false;

  constructor(digests: readonly string[]) {
    this.digests = digests;
  }

  step(step: Exclude<Step, { do: 'wait' }>, now: number): number {
    switch (step.do) {
      case 'push':
        return this.#push(this.#digest(step.image), step.tag, now);
      case 'drop':
        return this.#drop();
      case 'set':
        return this.#set(step.target, { [step.attribute]: step.value });
      case 'pull':
        return this.#pull(step.target);
      case 'delete':
        return 'tag' in step.target ? this.#untag(step.target.tag) : this.#delete(this.#digest(step.target.image));
    }
  }

  /** Returns the names that a list shows, in the order of time where that is asked for, else by name. */
  listed<T extends Kept>(kept: ReadonlyMap<string, T>, order: 'none' | 'timeasc' | 'timedesc'): string[] {
    const shown = [...kept].filter(([, { attributes }]) => attributes.listEnabled);
    const byName = shown.sort(([a], [b]) => (a < b ? -1 : 1));
    if (order === 'none') return byName.map(([name]) => name);
    const byTime = byName.toSorted(([, a], [, b]) => a.updatedAt - b.updatedAt).map(([name]) => name);
    return order === 'timeasc' ? byTime : byTime.toReversed();
  }

  tagsOf(digest: string): string[] {
    return this.listed(new Map([...this.tags].filter(([, tag]) => tag.digest === digest)), 'none');
  }

  #digest(image: number): string {
    return this.digests[image] ?? '';
  }

  #push(digest: string, tag: string | undefined, now: number): number {
    const [manifest, tagged] = [this.manifests.get(digest), tag === undefined ? undefined : this.tags.get(tag)];
    if (manifest?.attributes.writeEnabled === false || tagged?.attributes.writeEnabled === false) return 405;
    this.exists = true;
    const before = manifest ?? this.binned.get(digest);
    this.manifests.set(digest, {
      attributes: before?.attributes ?? all,
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
    });
    this.binned.delete(digest);
    if (tag !== undefined)
      this.tags.set(tag, {
        digest,
        attributes: tagged?.attributes ?? all,
        createdAt: tagged?.createdAt ?? now,
        updatedAt: now,
      });
    return 201;
  }

  #pull(target: Target): number {
    const tagged = 'tag' in target ? this.tags.get(target.tag) : undefined;
    if ('tag' in target && tagged === undefined) return 404;
    if (tagged?.attributes.readEnabled === false) return 405;
    const manifest = this.manifests.get('tag' in target ? (tagged?.digest ?? '') : this.#digest(target.image));
    if (manifest === undefined) return 404;
    return manifest.attributes.readEnabled ? 200 : 405;
  }

  #set(target: Target, change: Partial<Attributes>): number {
    if ('tag' in target) {
      const tag = this.tags.get(target.tag);
      if (tag !== undefined) this.tags.set(target.tag, { ...tag, attributes: { ...tag.attributes, ...change } });
      return tag === undefined ? 404 : 200;
    }
    const digest = this.#digest(target.image);
    const manifest = this.manifests.get(digest);
    if (manifest !== undefined)
      this.manifests.set(digest, { ...manifest, attributes: { ...manifest.attributes, ...change } });
    return manifest === undefined ? 404 : 200;
  }

  #untag(tag: string): number {
    const found = this.tags.get(tag);
    if (found === undefined) return 404;
    if (isLocked(found)) return 405;
    this.tags.delete(tag);
    return 202;
  }

  #delete(digest: string): number {
    const manifest = this.manifests.get(digest);
    if (manifest === undefined) return 404;
    const tags = [...this.tags].filter(([, tag]) => tag.digest === digest);
    if (isLocked(manifest) || tags.some(([, tag]) => isLocked(tag))) return 405;
    this.binned.set(digest, manifest);
    this.manifests.delete(digest);
    for (const [tag] of tags) this.tags.delete(tag);
    return 202;
  }

  #drop(): number {
    if (!this.exists) return 404;
    if ([...this.tags.values(), ...this.manifests.values()].some(isLocked)) return 405;
    this.exists = false;
    this.tags.clear();
    for (const [digest, manifest] of this.manifests) this.binned.set(digest, manifest);
    this.manifests.clear();
    return 202;
  }
}

function isLocked({ attributes }: { readonly attributes: Attributes }): boolean {
  return !attributes.deleteEnabled || !attributes.writeEnabled;
}

/** ACR's form of a time. */
function acrTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}0000Z`;
}

export type Shown = {
  readonly createdTime: string;
  readonly lastUpdateTime: string;
  readonly changeableAttributes: AcrAttributes;
};

/** The part of an answer that every kept thing shows. */
export function shown({ attributes, createdAt, updatedAt }: Kept): Shown {
  return { createdTime: acrTime(createdAt), lastUpdateTime: acrTime(updatedAt), changeableAttributes: attributes };
}
