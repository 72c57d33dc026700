import type { VNode } from '../../kit.ts';
import {
  answered,
  api,
  ApiFailure,
  attempt,
  Button,
  confirmed,
  Dialog,
  Show,
  showSecrets,
  Text,
  Time,
  useLoaded,
  whyNot,
} from '../../kit.ts';
import { write } from './switched-list.tsx';

/** Returns since when a task has secrets; nothing when it has none. */
async function loadHook(name: string, signal: AbortSignal) {
  try {
    return { hook: await answered(api.GET('/tasks/{name}/hook', { params: { path: { name } }, signal })) };
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 404) return { hook: undefined };
    throw error;
  }
}

/** The hook of a task, by which a git host, a runner, a gate and a CI prove themselves: its address and its secrets. */
export function Hook({ task, onClose }: { readonly task: string; readonly onClose: () => void }): VNode {
  const loaded = useLoaded(`hook ${task}`, (signal) => loadHook(task, signal));
  const params = { path: { name: task } };
  const isThere = loaded.data?.hook !== undefined;
  const make = async () => {
    const body = <p>The secrets that are there now end at once: for its hook, its runner, its gate and its CI.</p>;
    const title = `New secrets of ${task}`;
    onClose();
    if (isThere && !(await confirmed({ title, confirm: 'Make them', isDanger: true, body }))) return;
    await attempt(async () => {
      const made = await answered(api.PUT('/tasks/{name}/hook', { params, body: {} }));
      showSecrets(`Secrets of ${task}`, [
        ['Of its hook, for the git host', made.secret],
        ['By which a CI claims a job', made.claimSecret],
        ['By which its runner knows the registry', made.runnerSecret],
        ['By which its gate knows the registry', made.gateSecret],
      ]);
    });
  };
  const remove = async () => {
    const body = <p>Its hook, its runner, its gate and its CI are refused then.</p>;
    onClose();
    if (!(await confirmed({ title: `Delete the secrets of ${task}`, confirm: 'Delete', isDanger: true, body }))) return;
    await attempt(() => answered(api.DELETE('/tasks/{name}/hook', { params })), 'The secrets are deleted.');
  };
  const actions = (
    <>
      <Button
        kind="danger"
        disabledWhy={whyNot(write) ?? (isThere ? undefined : 'There are no secrets.')}
        onPress={remove}
      >
        Delete the secrets
      </Button>
      <Button disabledWhy={whyNot(write)} onPress={make}>
        New secrets
      </Button>
    </>
  );
  return (
    <Dialog title={`Hook of ${task}`} onClose={onClose} actions={actions}>
      <p>
        A git host posts its pushes to <Text of={`${location.origin}/api/v1/tasks/${encodeURIComponent(task)}/hook`} />,
        and the task is run.
      </p>
      <Show of={loaded}>
        {({ hook }) =>
          hook === undefined ? (
            <p>There are no secrets yet, so nobody is let in.</p>
          ) : (
            <p>
              Its secrets were made <Time at={hook.createdAt} />, and are not shown again.
            </p>
          )
        }
      </Show>
    </Dialog>
  );
}
