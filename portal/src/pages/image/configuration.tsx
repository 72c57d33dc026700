import type { Schema, VNode } from '../../kit.ts';
import {
  answered,
  api,
  Button,
  Card,
  Empty,
  Facts,
  formatDuration,
  Show,
  Text,
  Time,
  useLoaded,
  useState,
} from '../../kit.ts';

type Config = Schema<'ImageConfig'>;

/** Shows what the config says of how the image runs, and the config itself. */
export function Configuration({ of }: { readonly of: Schema<'Image'> }): VNode {
  const { config, configProblem, configDigest, repository } = of;
  return (
    <>
      {config === undefined ? (
        <Empty title="There is no config to show.">
          {configProblem === undefined ? (
            <p>An index has none of its own: open one of its platforms in the summary.</p>
          ) : (
            <p>
              <Text of={configProblem} />
            </p>
          )}
        </Empty>
      ) : (
        <div class="cards">
          <Runs of={config} />
          <Values title="Environment" of={config.env ?? []} none="It sets no variable." />
          <Card title="Labels">
            {Object.keys(config.labels ?? {}).length === 0 ? (
              <p class="soft">It has none.</p>
            ) : (
              <Facts
                of={Object.entries(config.labels ?? {}).map(([name, value]) => [
                  name,
                  <Text key={name} of={value} hasLines />,
                ])}
              />
            )}
          </Card>
        </div>
      )}
      {configDigest === undefined ? null : <Whole repository={repository} digest={configDigest} />}
    </>
  );
}

function argumentsOf(values: readonly string[] | undefined): VNode | undefined {
  return values === undefined ? undefined : (
    <code>
      <Text of={JSON.stringify(values)} />
    </code>
  );
}

function Runs({ of }: { readonly of: Config }): VNode {
  const { healthcheck, created } = of;
  const text = (value: string | undefined) => (value === undefined ? undefined : <Text of={value} />);
  const list = (values: readonly string[] | undefined) =>
    values === undefined ? undefined : <Text of={values.join(', ')} />;
  return (
    <Card title="How it runs">
      <Facts
        of={[
          ['Entrypoint', argumentsOf(of.entrypoint)],
          ['Command', argumentsOf(of.cmd)],
          ['User', text(of.user)],
          ['Folder', text(of.workingDir)],
          ['Ports', list(of.exposedPorts)],
          ['Volumes', list(of.volumes)],
          ['Stop signal', text(of.stopSignal)],
          ['Health check', argumentsOf(healthcheck?.test)],
          [
            'Checked every',
            healthcheck?.intervalSeconds === undefined ? undefined : formatDuration(healthcheck.intervalSeconds),
          ],
          ['Author', text(of.author)],
          ['Created', created === undefined ? undefined : <Time at={created} />],
        ]}
      />
      {of.more === true ? <p class="soft">Some values are cut; the whole config has them.</p> : null}
    </Card>
  );
}

function Values({
  title,
  of,
  none,
}: {
  readonly title: string;
  readonly of: readonly string[];
  readonly none: string;
}): VNode {
  return (
    <Card title={title}>
      {of.length === 0 ? (
        <p class="soft">{none}</p>
      ) : (
        <ul class="mono">
          {of.map((each) => (
            <li key={each}>
              <Text of={each} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

/** The config as it was pushed; it is asked for when somebody wants to see it. */
function Whole({ repository, digest }: { readonly repository: string; readonly digest: string }): VNode {
  const [isWanted, setWanted] = useState(false);
  return (
    <Card title="The whole config" actions={isWanted ? null : <Button onPress={() => setWanted(true)}>Show</Button>}>
      {isWanted ? <Document repository={repository} digest={digest} /> : null}
    </Card>
  );
}

function Document({ repository, digest }: { readonly repository: string; readonly digest: string }): VNode {
  const query = { repository, digest };
  const loaded = useLoaded(JSON.stringify(query), (signal) =>
    answered(api.GET('/images/config', { params: { query }, signal })),
  );
  return (
    <Show of={loaded}>
      {(config) => (
        <pre class="document" tabIndex={0} role="region" aria-label="Config">
          <Text of={JSON.stringify(config, undefined, 2)} hasLines />
        </pre>
      )}
    </Show>
  );
}
