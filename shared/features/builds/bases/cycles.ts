import { readStored } from '../../../core/documents/stored.ts';
import type { BuildPorts } from '../ports.ts';
import type { TaggedImage } from './documents.ts';
import { learnedRef, learnedSchema } from './documents.ts';
import type { BaseReference } from './names.ts';
import { ownBase, ownRepository } from './names.ts';

/** No image has more ancestors. A circle that is longer is found when a build is planned. */
const looksAtMost = 500;

function nameOf({ registry, repository, tag }: TaggedImage): string {
  return `${ownBase(registry, repository)}:${tag}`;
}

/**
 * Returns the path from a base up to the image itself, both ends included, if there is one: an edge between them would
 * close a circle.
 */
export async function pathUpTo(
  ports: Pick<BuildPorts, 'documents' | 'registry'>,
  image: TaggedImage,
  base: BaseReference,
): Promise<string[] | undefined> {
  const wanted = nameOf(image);
  const first = taggedOf(ports, base);
  if (first === undefined) return undefined;
  const seen = new Map([[nameOf(first), [nameOf(first)]]]);
  const open = [first];
  for (let next = open.shift(); next !== undefined && seen.size < looksAtMost; next = open.shift()) {
    const path = seen.get(nameOf(next)) ?? [];
    if (nameOf(next) === wanted) return [wanted, ...path].map(shown);
    const learned = (await readStored(ports.documents, learnedSchema, learnedRef(next, next.tag)))?.document;
    for (const above of (learned?.bases ?? []).flatMap((each) => taggedOf(ports, each) ?? [])) {
      if (seen.has(nameOf(above))) continue;
      seen.set(nameOf(above), [...path, nameOf(above)]);
      open.push(above);
    }
  }
  return undefined;
}

/** Returns the tagged image of this registry that a reference follows; a reference by digest alone follows nothing. */
export function taggedOf(
  { registry }: Pick<BuildPorts, 'registry'>,
  { base, tag }: BaseReference,
): TaggedImage | undefined {
  const repository = ownRepository(registry, base);
  return repository === undefined || tag === undefined ? undefined : { registry, repository, tag };
}

function shown(name: string): string {
  return name.split(':').slice(2).join(':');
}
