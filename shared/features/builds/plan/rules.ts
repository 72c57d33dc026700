import { defined } from '../../../core/documents/defined.ts';
import type { TaggedImage } from '../bases/documents.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';
import { tasksIn } from '../tasks/tasks.ts';
import type { Policy } from './policies.ts';
import { policyFor, readPolicies } from './policies.ts';

type Mode = Task['settings']['mode'];

/** The rule for an image when a base of it is updated: of its task, or of the policy that covers it. */
export interface Rule {
  readonly by: string;
  readonly mode: Mode;
  readonly isOn: boolean;
  /** Says that it follows a base's tag also if it names its digest. */
  readonly bumpsPins?: boolean;
  readonly task?: string;
  /** That task. */
  readonly made?: Task;
  /** The bases that a policy names. */
  readonly onto?: NonNullable<Policy['settings']['bases']>;
}

export interface Rules {
  readonly ruleFor: (image: Pick<TaggedImage, 'repository' | 'tag'>) => Rule | undefined;
  /** Returns the image that a task builds, by the task's name. */
  readonly imageOf: (task: string) => TaggedImage | undefined;
}

export async function readRules(ports: Pick<BuildPorts, 'documents' | 'registry' | 'log'>): Promise<Rules> {
  const policies = await readPolicies(ports.documents, ports.registry);
  const tasks = new Map<string, Task>();
  const names = new Map<string, Task>();
  for await (const task of tasksIn(ports)) {
    tasks.set(task.settings.image, task);
    names.set(task.name, task);
  }
  return {
    ruleFor: (image) => ruleOf(tasks.get(`${image.repository}:${image.tag}`), policyFor(policies, image)),
    imageOf: (name) => names.get(name),
  };
}

/** Returns the rule of an image. A task takes precedence over a policy, which has only a pattern of names. */
export function ruleOf(task: Task | undefined, policy: Policy | undefined): Rule | undefined {
  if (task !== undefined)
    return {
      by: `task "${task.name}"`,
      mode: task.settings.mode,
      isOn: task.settings.enabled && task.settings.onBaseUpdate,
      bumpsPins: task.settings.pins === 'bump',
      task: task.name,
      made: task,
    };
  return policy === undefined
    ? undefined
    : {
        by: `policy "${policy.name}"`,
        mode: policy.settings.mode,
        isOn: policy.settings.enabled,
        bumpsPins: policy.settings.pins === 'bump',
        ...defined({ onto: policy.settings.bases }),
      };
}
