import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const account = JSON.stringify({
  id: '11111111-1111-1111-1111-111111111111',
  name: 'Ours',
  state: 'Enabled',
  user: { name: 'a@example.com', type: 'user' },
});

const listed = (...value: string[]) => ({ type: 'Array', value });
const text = (value: string) => ({ type: 'String', value });
/** The shell puts in what the environment says. */
const outputs = JSON.stringify({
  properties: {
    provisioningState: 'Succeeded',
    outputs: {
      sites: listed('site-a', 'site-b'),
      topicIds: listed('/t/a', '/t/b'),
      workStorageIds: listed('/s/a', '/s/b'),
      loginServer: text('${AZ_LOGIN_SERVER:-https://registry.example}'),
      dataPlane: text('${AZ_DATA_PLANE:-containerApp}'),
      largestBody: { type: 'Int', value: 357913941 },
    },
  },
});

/**
 * Stands in for `az`: writes down its arguments, refuses what it does not know, and answers in the real one's shapes.
 */
const program = `#!/bin/sh
printf '%s\\n' "$*" >> "$AZ_FOLDER/calls"
n=$(wc -l < "$AZ_FOLDER/calls")
if [ "$n" -eq "\${AZ_FAILS:-0}" ]; then echo "ERROR: \${AZ_SAYS:-refused}" >&2; exit 1; fi
case "$*" in
  "version --output json") echo '{"azure-cli":"'"\${AZ_VERSION:-2.80.0}"'","azure-cli-core":"2.80.0","extensions":{}}';;
  "account show --output json") echo '${account}';;
  "bicep version") echo 'Bicep CLI version 0.47.16';;
  "group exists --name registry --subscription "*) cat "$AZ_FOLDER/group" 2>/dev/null || echo false;;
  "group create --name registry --location westeurope --subscription "*) echo true > "$AZ_FOLDER/group"; echo '{}';;
  "deployment group what-if --resource-group registry --subscription "*) echo 'Resource changes: 3 to create.';;
  "deployment group create --resource-group registry --subscription "*" --name longshore --parameters "*)
    cat <<EOF
${outputs}
EOF
    ;;
  "functionapp deployment source config-zip --resource-group registry --subscription "*" --name site-"[ab]" --src "*.zip)  echo '{}';;
  "deployment group create --resource-group registry --subscription "*" --name longshore-subscriptions "\\
"--template-file "*"infra/subscriptions.bicep --parameters sites="*) echo '{}';;
  *) echo "ERROR: unrecognized arguments: $*" >&2; exit 2;;
esac
`;

export interface AzStandIn {
  /** For the front of the PATH; also where it keeps what it knows, as `AZ_FOLDER` tells it. */
  readonly folder: string;
  calls(): Promise<string[]>;
  forget(): Promise<void>;
  remove(): Promise<void>;
}

/**
 * `AZ_FAILS` is the number of the call that is refused, with what `AZ_SAYS`; `AZ_LOGIN_SERVER` is where the deployment
 * is found, `AZ_DATA_PLANE` who takes uploads there.
 */
export async function makeAzStandIn(): Promise<AzStandIn> {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-az-'));
  await writeFile(join(folder, 'az'), program);
  await chmod(join(folder, 'az'), 0o755);
  return {
    folder,
    calls: async () => (await readFile(join(folder, 'calls'), 'utf8')).trimEnd().split('\n'),
    forget: () => rm(join(folder, 'calls')),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
