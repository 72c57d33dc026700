import { defined } from '../../core/documents/defined.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isDigest } from '../../core/oci/digest.ts';
import { cutList, cutRecord, cutText } from './bounded.ts';

/** The bytes up to which a config is read and shown. */
export const maxConfigBytes = 1024 * 1024;
const mostEntries = 200;

type Json = Readonly<Record<string, unknown>>;

/** The step of an image's history, as its config has it. */
export interface Step {
  readonly createdBy: string;
  readonly createdAt?: string;
  readonly comment?: string;
  readonly isEmpty: boolean;
}

export type ShownConfig = ReturnType<typeof shownConfig>;

/** The parts of a config. It is anybody's JSON: what has another type than image-spec's config.md says is left out. */
export interface ParsedConfig {
  readonly shown: ShownConfig;
  readonly history: readonly Step[];
  /** The digests of the uncompressed layers; `undefined` where one of them is none. */
  readonly diffIds: readonly Digest[] | undefined;
}

/** Reads an image's config; `undefined` for a JSON that is no object. */
export function parseConfig(json: unknown): ParsedConfig | undefined {
  if (!isObject(json)) return undefined;
  return { shown: shownConfig(json), history: historyIn(json), diffIds: diffIdsIn(json) };
}

function shownConfig(json: Json) {
  const run = isObject(json.config) ? json.config : {};
  const lists = {
    entrypoint: textsIn(run.Entrypoint),
    cmd: textsIn(run.Cmd),
    env: textsIn(run.Env),
    exposedPorts: namesIn(run.ExposedPorts),
    volumes: namesIn(run.Volumes),
  };
  const labels = recordIn(run.Labels);
  const isCut = [...Object.values(lists), labels].some((each) => each?.isCut === true);
  return defined({
    os: textIn(json.os, 100),
    architecture: textIn(json.architecture, 100),
    variant: textIn(json.variant, 100),
    created: textIn(json.created, 100),
    author: textIn(json.author),
    user: textIn(run.User),
    workingDir: textIn(run.WorkingDir),
    entrypoint: lists.entrypoint?.kept,
    cmd: lists.cmd?.kept,
    env: lists.env?.kept,
    exposedPorts: lists.exposedPorts?.kept,
    volumes: lists.volumes?.kept,
    labels: labels?.kept,
    stopSignal: textIn(run.StopSignal, 100),
    healthcheck: healthcheckIn(run.Healthcheck),
    more: isCut ? true : undefined,
  });
}

function healthcheckIn(value: unknown) {
  if (!isObject(value)) return undefined;
  return defined({
    test: textsIn(value.Test)?.kept,
    intervalSeconds: secondsIn(value.Interval),
    timeoutSeconds: secondsIn(value.Timeout),
    retries: Number.isSafeInteger(value.Retries) ? (value.Retries as number) : undefined,
  });
}

/** Reads a duration that Go writes in nanoseconds. */
function secondsIn(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value / 1e9 : undefined;
}

function historyIn({ history }: Json): Step[] {
  if (!Array.isArray(history)) return [];
  return (history as unknown[]).map((each) => {
    const step = isObject(each) ? each : {};
    return {
      createdBy: typeof step.created_by === 'string' ? step.created_by : '',
      ...defined({ createdAt: textIn(step.created, 100), comment: textIn(step.comment) }),
      isEmpty: step.empty_layer === true,
    };
  });
}

function diffIdsIn({ rootfs }: Json): Digest[] | undefined {
  const ids = isObject(rootfs) ? rootfs.diff_ids : undefined;
  if (!Array.isArray(ids)) return undefined;
  const digests = (ids as unknown[]).filter((id): id is Digest => typeof id === 'string' && isDigest(id));
  return digests.length === ids.length ? digests : undefined;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads a text that says something; Go writes an empty one for none. */
function textIn(value: unknown, most?: number): string | undefined {
  return typeof value === 'string' && value !== '' ? cutText(value, most) : undefined;
}

/** Reads a list of texts; one text alone is a list of one, as old builders wrote it. */
function textsIn(value: unknown) {
  if (typeof value === 'string' && value !== '') return { kept: [cutText(value)], isCut: false };
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const texts = (value as unknown[]).filter((each) => typeof each === 'string');
  const { kept, isCut } = cutList(texts, mostEntries);
  return { kept: kept.map((each) => cutText(each)), isCut: isCut || kept.some((each) => cutText(each) !== each) };
}

/** Reads the names of a set, which image-spec writes as an object with empty values. */
function namesIn(value: unknown) {
  return isObject(value) ? textsIn(Object.keys(value)) : textsIn(value);
}

function recordIn(value: unknown) {
  if (!isObject(value)) return undefined;
  const texts = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return texts.length === 0 ? undefined : cutRecord(Object.fromEntries(texts), mostEntries);
}
