import { z } from '@hono/zod-openapi';
import { patching } from '../../../core/documents/changes.ts';
import { untilUncontended } from '../../../core/documents/contention.ts';
import { defined } from '../../../core/documents/defined.ts';
import { digestSchema } from '../../../core/oci/descriptor.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { TaggedImage } from '../bases/documents.ts';
import type { Node } from '../plan/documents.ts';
import { isEnded, nodeRef } from '../plan/documents.ts';
import { appendLog, mostAppended } from '../plan/log.ts';
import { Mask } from '../plan/mask.ts';
import { readNode } from '../plan/nodes.ts';
import { wakeWorkers } from '../plan/wake.ts';
import type { BuildPorts } from '../ports.ts';
import { tokenOf } from './token.ts';

/** A callback of a runner: any number that it is at work, and one with the outcome. */
export const callbackSchema = z.union(
  [
    z.strictObject({
      state: z.literal('running').describe('The image is being built.'),
      log: z.string().max(mostAppended).optional().describe('The output since the last request.'),
    }),
    z.strictObject({
      state: z.literal('succeeded').describe('The image was pushed.'),
      digest: digestSchema.describe('The digest of the image that was pushed.'),
      log: z.string().max(mostAppended).optional().describe('The output since the last request.'),
    }),
    z.strictObject({
      state: z.literal('failed').describe('The image was not built.'),
      why: z.string().min(1).max(2_000).describe('The reason of the failure, in words.'),
      log: z.string().max(mostAppended).optional().describe('The output since the last request.'),
    }),
  ],
  {
    error:
      'must be {"state":"running"}, {"state":"succeeded","digest":"sha256:…"} or ' +
      '{"state":"failed","why":"…"}, each with "log" or without',
  },
);
export type Callback = z.infer<typeof callbackSchema>;

/**
 * Writes down the callback of a runner for an image; an outcome is processed at once. The same callback again changes
 * nothing. Throws `RegistryError`: `conflict` if the image has ended, by its deadline or because it was cancelled, so
 * that a runner that is still at work may stop; `request-invalid` for a digest that was not pushed.
 */
export async function receiveReport(
  ports: BuildPorts,
  build: string,
  image: TaggedImage,
  report: Callback,
  isOf: (token: string) => boolean,
): Promise<void> {
  const { documents } = ports;
  const ref = nodeRef(build, image);
  const outcome = await outcomeOf(ports, image, report);
  const hasLog = report.log !== undefined && report.log !== '';
  const node = await untilUncontended(
    `${ref.id} of the build ${build}`,
    async (): Promise<Away | (Away & { readonly piece: number }) | undefined> => {
      const found = await readNode(ports, build, image);
      const open = openNode(found?.document, outcome);
      // A job that was replaced since then says nothing of the one that is under way now.
      if (!isOf(open.remote.token))
        throw new RegistryError({
          is: 'conflict',
          code: 'jobReplaced',
          why: 'the token belongs to another job, which is not needed any more',
        });
      const isReported = outcome !== undefined && JSON.stringify(open.remote.outcome) === JSON.stringify(outcome);
      if (found === undefined || isReported) return open;
      const now = ports.clock.now().toISOString();
      const pieces = (open.remote.pieces ?? 0) + (hasLog ? 1 : 0);
      const set = {
        remote: {
          ...open.remote,
          startedAt: open.remote.startedAt ?? now,
          pieces,
          ...defined({ outcome }),
        },
        ...defined({ dueAt: outcome === undefined ? undefined : now }),
      };
      const { committed } = await documents.commitDocuments(ref.container, ref.partition, [patching(found, set)]);
      return committed ? { ...open, piece: pieces } : undefined;
    },
  );
  if (hasLog && report.log !== undefined && 'piece' in node)
    await appendLog(ports, node, node.piece, await withoutToken(ports, node, report.log));
  if (outcome !== undefined) await wakeWorkers(ports, build, 1);
}

type Remote = NonNullable<Node['remote']>;
type Outcome = NonNullable<Remote['outcome']>;
/** A build step that a runner has. */
type Away = Node & { readonly remote: Remote };

async function outcomeOf(ports: BuildPorts, image: TaggedImage, report: Callback): Promise<Outcome | undefined> {
  if (report.state === 'running') return undefined;
  if (report.state === 'failed') return { is: 'failed', why: report.why };
  if ((await ports.images.readImage(image, report.digest)) === undefined)
    throw new RegistryError({
      is: 'request-invalid',
      why: `${image.repository} has no image ${report.digest}: push it before you report it`,
    });
  return { is: 'succeeded', digest: report.digest };
}

function openNode(node: Node | undefined, outcome: Outcome | undefined): Away {
  if (node?.remote === undefined || node.remote === null)
    throw new RegistryError({ is: 'thing-unknown', code: 'jobNotFound', what: 'a job of this image' });
  const isSame = outcome !== undefined && JSON.stringify(node.remote.outcome) === JSON.stringify(outcome);
  if (isEnded(node) && !isSame)
    throw new RegistryError({
      is: 'conflict',
      code: 'imageEnded',
      why: `the image has ended: ${node.because ?? node.state}`,
    });
  if (node.remote.outcome !== undefined && !isSame)
    throw new RegistryError({
      is: 'conflict',
      code: 'outcomeKnown',
      why: `it was reported already that it ${node.remote.outcome.is}`,
    });
  return { ...node, remote: node.remote };
}

/** Removes the job's own token from the log: commands are printed as they are run. */
async function withoutToken({ sealing }: Pick<BuildPorts, 'sealing'>, node: Away, text: string): Promise<string> {
  const key = await sealing.find(node.remote.key);
  const mask = new Mask(key === undefined ? [] : [tokenOf(key, node, node.remote.job)]);
  return mask.push(text) + mask.end();
}
