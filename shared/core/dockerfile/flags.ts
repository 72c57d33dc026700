import { DockerfileFault } from './fault.ts';
import { cut } from './spaces.ts';
import { withSuggestion } from './suggest.ts';

type FlagType = 'boolean' | 'string' | 'strings';

export class Flags {
  readonly #values = new Map<string, string[]>();

  /**
   * @throws DockerfileFault on a flag that `known` does not hold, that is given twice, or whose value has the wrong
   * type.
   */
  constructor(given: readonly string[], known: Readonly<Record<string, FlagType>>) {
    for (const flag of given) {
      if (flag === '--') return;
      if (!flag.startsWith('--')) throw new DockerfileFault(`arg should start with -- : ${flag}`);
      const [dashed, value] = cut(flag, '=');
      const name = dashed.slice(2);
      const type = Object.hasOwn(known, name) ? known[name] : undefined;
      if (type === undefined)
        throw new DockerfileFault(withSuggestion(`unknown flag: ${dashed}`, name, Object.keys(known)));
      const before = this.#values.get(name);
      if (before !== undefined && type !== 'strings') throw new DockerfileFault(`duplicate flag specified: ${dashed}`);
      const text = checked(type, dashed, value);
      if (before === undefined) this.#values.set(name, [text]);
      else before.push(text);
    }
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** Returns the value of a flag; it is empty where the flag is not given. */
  get(name: string): string {
    return this.#values.get(name)?.[0] ?? '';
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }
}

function checked(type: FlagType, dashed: string, value: string | undefined): string {
  if (type !== 'boolean') {
    if (value === undefined) throw new DockerfileFault(`missing a value on flag: ${dashed}`);
    return value;
  }
  if (value === '') throw new DockerfileFault(`missing a value on flag: ${dashed}`);
  const lower = (value ?? 'true').toLowerCase();
  if (lower !== 'true' && lower !== 'false')
    throw new DockerfileFault(`expecting boolean value for flag ${dashed}, not: ${lower}`);
  return lower;
}
