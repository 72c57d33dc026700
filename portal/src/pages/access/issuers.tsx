import type { Column, Schema, VNode } from '../../kit.ts';
import {
  answered,
  api,
  attempt,
  Button,
  CheckField,
  confirmed,
  Empty,
  FormDialog,
  linesOf,
  pageFrom,
  Pager,
  placeIn,
  refuseIfChanged,
  refuseIfThere,
  SelectField,
  send,
  Show,
  Table,
  Text,
  TextField,
  toast,
  useLoaded,
  usePageQuery,
  useState,
  whyNot,
} from '../../kit.ts';
import { fixedMaps } from './fixed-maps.ts';

type Issuer = Schema<'TrustedIssuer'>;
type ScopeMap = Schema<'ScopeMap'>;

const write = 'management/write';

async function loadIssuers(after: string | undefined, signal: AbortSignal) {
  const [issuers, maps] = await Promise.all([
    answered(api.GET('/trusted-issuers', { params: { query: pageFrom(after) }, signal })),
    answered(api.GET('/scope-maps', { params: { query: { limit: 100 } }, signal })),
  ]);
  return { ...issuers, maps: maps.items };
}

/** The issuers whose tokens are accepted, by which conditions, and what their bearers may do then. */
export function Issuers(): VNode {
  const query = usePageQuery();
  const after = placeIn(query).continuation;
  const loaded = useLoaded(`issuers ${after ?? ''}`, (signal) => loadIssuers(after, signal));
  const [edited, setEdited] = useState<Issuer | 'new'>();
  return (
    <Show of={loaded}>
      {({ items, maps, nextLink }) => (
        <>
          <div class="actions">
            <Button kind="primary" disabledWhy={whyNot(write)} onPress={() => setEdited('new')}>
              Add an issuer
            </Button>
          </div>
          {items.length === 0 ? (
            <Empty title="No issuer is trusted.">
              <p>
                A CI logs in without a password by a token of its own issuer, and people sign in to the portal by an
                issuer. Add one above.
              </p>
            </Empty>
          ) : (
            <Table
              label="Trusted issuers"
              columns={columnsOf(maps, loaded.reload, setEdited)}
              rows={items}
              keyOf={({ name }) => name}
            />
          )}
          <Pager query={query} shown={items.length} total={undefined} nextLink={nextLink} />
          {edited === undefined ? null : (
            <EditIssuer of={edited} maps={maps} onClose={() => setEdited(undefined)} onDone={loaded.reload} />
          )}
        </>
      )}
    </Show>
  );
}

function columnsOf(
  maps: readonly ScopeMap[],
  reload: () => void,
  edit: (issuer: Issuer) => void,
): readonly Column<Issuer>[] {
  const remove = async (name: string) => {
    const body = (
      <p>Its tokens are accepted no more, and nobody signs in by it. What was exchanged already ends soon.</p>
    );
    if (!(await confirmed({ title: `Delete the issuer ${name}`, confirm: 'Delete', isDanger: true, body }))) return;
    const params = { path: { name } };
    await attempt(() => answered(api.DELETE('/trusted-issuers/{name}', { params })), 'The issuer is deleted.');
    reload();
  };
  return [
    { name: 'name', head: 'Name', isHead: true, cell: ({ name }) => <Text of={name} /> },
    { name: 'issuer', head: 'Issuer', cell: ({ issuer }) => <Text of={issuer} /> },
    {
      name: 'if',
      head: 'Accepts tokens with',
      cell: ({ audience, conditions }) => (
        <Text
          of={[`aud = ${audience}`, ...conditions.map(({ claim, is }) => `${claim} = ${is}`)].join('\n')}
          hasLines
        />
      ),
    },
    { name: 'allows', head: 'Allows', cell: ({ scopeMap }) => <Allows map={scopeMap} maps={maps} /> },
    {
      name: 'people',
      head: 'People sign in',
      cell: ({ signIn }) => (signIn === undefined ? 'no' : <Text of={`as ${signIn.displayName ?? signIn.clientId}`} />),
    },
    {
      name: 'do',
      head: 'Actions',
      cell: (issuer) => (
        <div class="actions">
          <Button disabledWhy={whyNot(write)} label={`Change ${issuer.name}`} onPress={() => edit(issuer)}>
            Change
          </Button>
          <Button
            kind="danger"
            disabledWhy={whyNot(write)}
            label={`Delete ${issuer.name}`}
            onPress={() => remove(issuer.name)}
          >
            Delete
          </Button>
        </div>
      ),
    },
  ];
}

function Allows({ map, maps }: { readonly map: string; readonly maps: readonly ScopeMap[] }): VNode {
  const found = maps.find(({ name }) => name === map);
  return (
    <>
      <Text of={map} />
      {found === undefined ? null : (
        <small class="hint">
          {' '}
          <Text of={found.actions.join('\n')} hasLines />
        </small>
      )}
    </>
  );
}

interface Typed {
  readonly name: string;
  readonly issuer: string;
  readonly audience: string;
  readonly conditions: string;
  readonly scopeMap: string;
  readonly signsIn: boolean;
  readonly clientId: string;
  readonly displayName: string;
  readonly scopes: string;
  readonly proof: string;
  readonly clientSecret: string;
}

function typedOf(of: Issuer | undefined, maps: readonly ScopeMap[]): Typed {
  return {
    name: of?.name ?? '',
    issuer: of?.issuer ?? '',
    audience: of?.audience ?? 'longshore',
    conditions: of?.conditions.map(({ claim, is }) => `${claim}=${is}`).join('\n') ?? '',
    scopeMap: of?.scopeMap ?? maps[0]?.name ?? fixedMaps[0],
    signsIn: of?.signIn !== undefined,
    clientId: of?.signIn?.clientId ?? '',
    displayName: of?.signIn?.displayName ?? '',
    scopes: of?.signIn?.scopes ?? '',
    proof: of?.signIn?.proof ?? 'secret',
    clientSecret: '',
  };
}

function contentOf({ issuer, audience, conditions, scopeMap, signsIn, ...now }: Typed): object {
  const optional = (['displayName', 'scopes', 'clientSecret'] as const).filter((key) => now[key].trim() !== '');
  const signIn = {
    clientId: now.clientId.trim(),
    proof: now.proof,
    ...Object.fromEntries(optional.map((key) => [key, now[key].trim()])),
  };
  return {
    issuer: issuer.trim(),
    audience: audience.trim(),
    scopeMap,
    conditions: linesOf(conditions).map((line) => {
      const [claim = '', ...is] = line.split('=');
      return { claim: claim.trim(), is: is.join('=').trim() };
    }),
    ...(signsIn ? { signIn } : {}),
  };
}

interface EditProps {
  readonly of: Issuer | 'new';
  readonly maps: readonly ScopeMap[];
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function EditIssuer({ of, maps, onClose, onDone }: EditProps): VNode {
  const before = of === 'new' ? undefined : of;
  const [now, setNow] = useState(() => typedOf(before, maps));
  const set = (key: keyof Typed) => (value: string) => setNow({ ...now, [key]: value });
  const submit = async () => {
    const path = ['trusted-issuers', now.name];
    if (before === undefined) await refuseIfThere(path, 'an issuer');
    else await refuseIfChanged(path, before);
    await send('PUT', path, contentOf(now));
    onDone();
    toast('The issuer is saved.');
  };
  const title = before === undefined ? 'Add an issuer' : `Change ${before.name}`;
  const options = [...new Set([now.scopeMap, ...maps.map(({ name }) => name), ...fixedMaps])];
  return (
    <FormDialog title={title} submit="Save" onSubmit={submit} onClose={onClose}>
      {before === undefined ? (
        <TextField label="Name" value={now.name} onValue={set('name')} placeholder="github" />
      ) : null}
      <TextField
        label="Issuer"
        inputMode="url"
        value={now.issuer}
        onValue={set('issuer')}
        placeholder="https://token.actions.githubusercontent.com"
        hint="Exactly as in the iss of its tokens."
      />
      <TextField label="Audience" value={now.audience} onValue={set('audience')} hint="The aud of its tokens." />
      <TextField
        label="Conditions, one a line"
        isLong
        value={now.conditions}
        onValue={set('conditions')}
        placeholder="repository=octo-org/*"
        hint="CLAIM=VALUE; * stands for any text. All must hold: others have tokens of the same issuer."
      />
      <SelectField
        label="Scope map"
        value={now.scopeMap}
        options={options.map((each) => [each, each])}
        onValue={set('scopeMap')}
      />
      <CheckField
        label="People sign in to the portal by it"
        isOn={now.signsIn}
        onChange={(signsIn) => setNow({ ...now, signsIn })}
      />
      {now.signsIn ? <SignInFields of={now} set={set} isNew={before?.signIn === undefined} /> : null}
    </FormDialog>
  );
}

const proofs = [
  ['secret', 'its secret'],
  ['managed-identity', 'the managed identity of the app'],
  ['none', 'nothing: it is a public client'],
] as const;

interface SignInProps {
  readonly of: Typed;
  readonly set: (key: keyof Typed) => (value: string) => void;
  readonly isNew: boolean;
}

function SignInFields({ of, set, isNew }: SignInProps): VNode {
  return (
    <>
      <TextField label="Client ID" value={of.clientId} onValue={set('clientId')} />
      <TextField
        label="Shown as"
        value={of.displayName}
        onValue={set('displayName')}
        placeholder="Contoso"
        hint="The name on the sign-in page."
      />
      <TextField label="Scopes" value={of.scopes} onValue={set('scopes')} placeholder="openid profile" />
      <SelectField label="The client proves itself by" value={of.proof} options={proofs} onValue={set('proof')} />
      {of.proof !== 'secret' ? null : (
        <TextField
          label="Client secret"
          value={of.clientSecret}
          onValue={set('clientSecret')}
          hint={isNew ? 'It is never shown again.' : 'Empty, the one that is there stays.'}
        />
      )}
    </>
  );
}
