import { defined } from '../../core/documents/defined.ts';
import { cutText } from './bounded.ts';
import type { Step } from './config.ts';

/** One step of the history, as it is shown. */
interface ShownStep {
  readonly instruction: string;
  readonly createdAt?: string;
  readonly empty: boolean;
  readonly comment?: string;
  /** The index of its layer. */
  readonly layer?: number;
}

export interface ShownHistory {
  readonly steps: readonly ShownStep[];
  /** Why steps and layers could not be matched. */
  readonly problem?: string;
  readonly dockerfile?: string;
  readonly isCut: boolean;
}

const mostSteps = 1_000;
const longestDockerfile = 128 * 1024;

/**
 * Shows a history as the instructions of a Dockerfile. Steps that made a layer are matched to the layers in their order
 * (image-spec, config.md, "history"). Where their numbers differ nobody knows which belongs to which, so none does.
 */
export function showHistory(history: readonly Step[], layerCount: number): ShownHistory {
  const withLayer = history.filter(({ isEmpty }) => !isEmpty).length;
  const isMatched = withLayer === layerCount;
  let next = 0;
  const all = history.map(({ createdBy, createdAt, comment, isEmpty }) => ({
    instruction: cutText(instructionIn(createdBy)),
    empty: isEmpty,
    ...defined({ createdAt, comment, layer: isEmpty || !isMatched ? undefined : next++ }),
  }));
  const isCut = all.length > mostSteps;
  const steps = all.slice(0, mostSteps);
  return {
    steps,
    isCut,
    ...defined({
      problem: isMatched ? undefined : mismatch(history.length, withLayer, layerCount),
      dockerfile: steps.length === 0 ? undefined : dockerfileOf(steps, all.length),
    }),
  };
}

function mismatch(steps: number, withLayer: number, layers: number): string {
  if (steps === 0) return 'the config has no history, so it is not known which instruction made which layer';
  return (
    `the history has ${withLayer} steps that made a layer, and the manifest lists ${layers} layers, ` +
    'so it is not known which instruction made which layer'
  );
}

const keywords = new Set(
  (
    'ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER ' +
    'VOLUME WORKDIR'
  ).split(' '),
);

function isInstruction(text: string): boolean {
  return keywords.has(/^[A-Z]+(?=[ \t[]|$)/.exec(text)?.[0] ?? '');
}

/** Finds the shell that a builder ran a command by. */
const shell = /^(?:\/bin\/(?:sh|bash)(?: -[a-z]{1,10}| pipefail){1,5}|cmd \/S \/C)(?: |$)/;

/**
 * Returns the instruction of a step. Docker's classic builder and Buildah write what they ran (`/bin/sh -c #(nop)  CMD
 * …` for what runs nothing), BuildKit the instruction with `# buildkit` behind it; both put build arguments as
 * `|2 A=1 B=2` before a command. What no builder of Dockerfiles has written is returned as it is.
 */
export function instructionIn(createdBy: string): string {
  const text = createdBy.trim();
  const buildkit = /^([\s\S]*?) # buildkit$/.exec(text)?.[1];
  if (buildkit !== undefined) return ofBuildKit(buildkit.trim());
  const command = withoutArguments(text);
  const ran = withoutShell(command);
  if (ran === undefined) return text.startsWith('RUN ') ? ofBuildKit(text) : text;
  const nothing = /^#\(nop\)\s*([\s\S]*)$/.exec(ran)?.[1];
  return nothing === undefined ? `RUN ${ran}`.trimEnd() : nothing.trim();
}

function ofBuildKit(text: string): string {
  if (!text.startsWith('RUN ')) return text;
  const command = withoutArguments(text.slice('RUN '.length));
  return `RUN ${withoutShell(command) ?? command}`;
}

/** Removes `|2 A=1 B=2 `. A value may have spaces, so what is behind the arguments is found by its shell. */
function withoutArguments(command: string): string {
  if (!/^\|\d+ /.test(command)) return command;
  const at = command.search(/ (?:\/bin\/(?:sh|bash) |cmd \/S \/C )/);
  return at === -1 ? command : command.slice(at + 1);
}

function withoutShell(command: string): string | undefined {
  const found = shell.exec(command)?.[0];
  return found === undefined ? undefined : command.slice(found.length).trimStart();
}

function dockerfileOf(steps: readonly ShownStep[], all: number): string {
  const lines: string[] = [];
  let [length, shown] = [0, 0];
  for (const { instruction, comment } of steps) {
    const line = isInstruction(instruction)
      ? instruction
      : asComment(instruction === '' ? (comment ?? '') : instruction);
    length += line.length + 1;
    if (length > longestDockerfile) break;
    lines.push(line);
    shown += 1;
  }
  if (shown < all) lines.push(`# ${all - shown} more steps are not shown.`);
  return `${lines.join('\n')}\n`;
}

function asComment(text: string): string {
  return text === ''
    ? '# This step has no instruction.'
    : text
        .split('\n')
        .map((line) => `# ${line}`)
        .join('\n');
}
