import type { OpenAPIHono } from '@hono/zod-openapi';
import type { z } from 'zod';
import type { Gate } from '../admission/gate.ts';
import type { Access, RepositoryAction } from '../oci/access.ts';
import type { ProbeDependency } from '../ports/probe.ts';
import type { EventConsumer } from './events.ts';

/** Environment variables by their names, each with the schema that parses it. */
export type SettingsShape = Readonly<Record<string, z.ZodType>>;

/** The settings that the schemas make of the environment. */
export type Parsed<S extends SettingsShape> = z.output<z.ZodObject<S>>;

/** A right of the management API, as a grant names it. */
export type ManagementRight = Extract<Access, { readonly type: 'management' }>['name'];

/** The parts that a feature adds to the app. Triggers go by the names of the functions that call them. */
export interface FeatureParts {
  /**
   * Makes its part of the management API, below `/api/v1`. It is called at the first request there, and imports the
   * routes then: their described schemas are a tenth of the time of an instance's start, and most instances only pull.
   */
  readonly routes?: () => Promise<OpenAPIHono>;
  /** Adds to the OpenAPI document of the management API what is not a route. Called when the document is made. */
  readonly describe?: (registry: OpenAPIHono['openAPIRegistry']) => Promise<void>;
  /**
   * Names the right that a change of one of its paths needs, which begin below `/api/v1`; where it names none, that is
   * the right to change anything.
   */
  readonly changeRight?: (path: string) => ManagementRight | undefined;
  /**
   * Names the action of a repository that lets a caller make a change without the right to change anything. The query
   * names the repository, as `repository`. The path begins below `/api/v1`.
   */
  readonly repositoryRight?: (method: string, path: string) => RepositoryAction | undefined;
  /**
   * Returns the bytes that the body of one of its requests may have, where that is more than usual. Reports of scanners
   * are larger than what the API stores otherwise.
   */
  readonly bodyBound?: (method: string, path: string) => number | undefined;
  /** Its paths below `/api/v1` at which callers ask about themselves: reading them takes no right. */
  readonly ownPaths?: readonly string[];
  /** Its paths below `/api/v1` that are older than the API's own error codes, and keep the distribution's. */
  readonly olderPaths?: readonly string[];
  /** Its answers elsewhere, by the path that Hono matches. */
  readonly surfaces?: Readonly<Record<string, (request: Request, requestId: string) => Promise<Response>>>;
  readonly events?: Readonly<Record<string, EventConsumer>>;
  readonly messages?: Readonly<Record<string, (message: unknown) => unknown>>;
  readonly timers?: Readonly<Record<string, () => Promise<unknown>>>;
  /** Its gates, which may refuse requests beside the locks. */
  readonly gates?: readonly Gate[];
  /** The dependencies that `/healthz` asks beside the stores. */
  readonly probes?: readonly ProbeDependency[];
  /** Sends what is in this instance's memory alone. Called before the instance ends. */
  readonly flush?: () => Promise<void>;
  /** Ports that the features behind it in the list may ask for, and the app. */
  readonly gives?: object;
}

/**
 * A feature as the list in shared/app/features.ts takes it. `Ports` is what it asks for, `Given` the settings that it
 * reads, `Own` what it makes of them.
 */
export interface Feature<Ports, Parts extends FeatureParts, S extends SettingsShape, Given, Own extends object> {
  /** The name of its folder. */
  readonly name: string;
  /** Its own settings, merged into the app's. */
  readonly settings?: S;
  /** Makes of the parsed settings what `make` finds in `ports.settings`. */
  readonly read?: (given: Given) => Own;
  /** Makes the feature for one registry of this instance. It asks no store for anything. */
  readonly make: (ports: Ports) => Parts;
}

/** Nothing: neither ports, nor triggers, nor settings. */
export type None = { readonly [name in never]: never };

/** Types a feature, so that the list can check that it gets every port and setting it asks for. */
export function feature<
  Ports,
  Parts extends FeatureParts,
  S extends SettingsShape = None,
  Given = unknown,
  Own extends object = None,
>(definition: Feature<Ports, Parts, S, Given, Own>): Feature<Ports, Parts, S, Given, Own> {
  return definition;
}
