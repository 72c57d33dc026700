import type { Feature, FeatureParts, None, Parsed, SettingsShape } from '../core/feature/feature.ts';

type Part<P, K extends keyof FeatureParts> = P extends { readonly [key in K]: infer T extends object } ? T : None;

/** The triggers of features, by their kind and their names. */
export interface Triggers {
  readonly events: object;
  readonly messages: object;
  readonly timers: object;
}

type TriggersOf<P> = { readonly [kind in keyof Triggers]: Part<P, kind> };

/** A feature as the list itself knows it: the ports that it asks for were checked where it was added. */
type Listed = Feature<never, FeatureParts, SettingsShape, never, object>;

/**
 * Features in the order in which they are made. Each may ask for `Ports`: what the list starts with, and what the
 * features before it give. `S` are the schemas of all settings, `Own` what the features make of them, `T` their
 * triggers.
 */
export class FeatureList<Start, Ports, S extends SettingsShape, Own, T extends Triggers> {
  readonly #common: SettingsShape;
  readonly #features: readonly Listed[];

  private constructor(common: SettingsShape, features: readonly Listed[]) {
    this.#common = common;
    this.#features = features;
  }

  /** A list without features: what all of them may ask for, and settings that all may read. */
  static from<Start, S extends SettingsShape>(common: S): FeatureList<Start, Start, S, None, TriggersOf<None>> {
    return new FeatureList(common, []);
  }

  /** The list with one feature more. It does not compile where the feature asks for what nothing before it gives. */
  and<P extends FeatureParts, S2 extends SettingsShape = None, Own2 extends object = None>(
    added: Feature<Ports & { readonly settings: Own & Own2 }, P, S2, Parsed<S & S2>, Own2>,
  ): FeatureList<Start, Ports & Part<P, 'gives'>, S & S2, Own & Own2, T & TriggersOf<P>> {
    return new FeatureList(this.#common, [...this.#features, added]);
  }

  /** The schemas of all settings. Throws where two features have a setting of the same name. */
  get settings(): S {
    return merged([
      ['the composition', this.#common],
      ...this.#features.map(({ name, settings = {} }) => [name, settings] as const),
    ]) as S;
  }

  /** Returns what the features make of the parsed settings. */
  read(given: Parsed<S>): Own {
    return Object.assign({}, ...this.#features.map(({ read }) => read?.(given as never))) as Own;
  }

  /** Makes every feature, and hands on the ports that each gives. */
  make(start: Start & { readonly settings: Own }): {
    readonly parts: readonly (readonly [feature: string, parts: FeatureParts])[];
    readonly ports: Ports;
    readonly triggers: T;
  } {
    const parts: [string, FeatureParts][] = [];
    let ports: object = start;
    for (const { name, make } of this.#features) {
      const made = make(ports as never);
      parts.push([name, made]);
      ports = { ...ports, ...made.gives };
    }
    return { parts, ports: ports as Ports, triggers: triggersOf(parts) as unknown as T };
  }
}

function triggersOf(parts: readonly (readonly [string, FeatureParts])[]) {
  const ofKind = (kind: keyof Triggers) => merged<unknown>(parts.map(([name, part]) => [name, part[kind] ?? {}]));
  return { events: ofKind('events'), messages: ofKind('messages'), timers: ofKind('timers') };
}

/** Throws where two features have something of one name: the second would take the place of the first. */
function merged<V>(
  parts: readonly (readonly [feature: string, part: Readonly<Record<string, V>>])[],
): Readonly<Record<string, V>> {
  const owners = new Map<string, string>();
  for (const [feature, part] of parts)
    for (const name of Object.keys(part)) {
      const other = owners.get(name);
      if (other !== undefined) throw new Error(`${other} and ${feature} both have ${name}`);
      owners.set(name, feature);
    }
  return Object.assign({}, ...parts.map(([, part]) => part)) as Readonly<Record<string, V>>;
}
