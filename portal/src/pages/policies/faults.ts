/** The faults that the registry finds in a form: those of fields by their paths, and the rest. */
export interface Faults {
  /** The faults of fields, each with its path, as in `sigstoreKeys.0.keys.1`. */
  readonly fields: readonly (readonly [path: string, why: string])[];
  readonly others: readonly string[];
}

export const noFaults: Faults = { fields: [], others: [] };

const path = /^[a-z][A-Za-z]{0,40}(?:\.[A-Za-z0-9_-]{1,100}){0,8}(?= )/;

/**
 * Parts the registry's message, which is sentences with "; " between them, each of which begins with the path of what is
 * wrong. `roots` are the names with which paths begin here: a sentence may have a "; " of its own. `isShown` says whether
 * a field of the form shows a path.
 */
export function faultsIn(message: string, roots: readonly string[], isShown: (path: string) => boolean): Faults {
  const sentences: string[] = [];
  for (const part of message.split('; ')) {
    const [found] = path.exec(part) ?? [];
    const begins = part.startsWith('the body ') || roots.includes(found?.split('.')[0] ?? '');
    const isNew = begins || sentences.length === 0;
    if (isNew) sentences.push(part);
    else sentences.push(`${sentences.pop() ?? ''}; ${part}`);
  }
  const fields: [string, string][] = [];
  const others: string[] = [];
  for (const sentence of sentences) {
    const [found] = path.exec(sentence) ?? [];
    if (found !== undefined && isShown(found)) fields.push([found, sentence.slice(found.length + 1)]);
    else others.push(sentence);
  }
  return { fields, others };
}

/** Returns the fault of a field, with those of the entries that it has; `undefined` where it has none. */
export function faultAt({ fields }: Faults, at: string): string | undefined {
  const found = fields.filter(([each]) => each === at || each.startsWith(`${at}.`));
  const shown = found.map(([each, why]) => {
    const entry = /^\.(\d+)/.exec(each.slice(at.length))?.[1];
    return entry === undefined ? `It ${why}.` : `Number ${Number(entry) + 1} ${why}.`;
  });
  return shown.length === 0 ? undefined : shown.join(' ');
}
