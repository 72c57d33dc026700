import type { VNode } from 'preact';
import { useEffect, useId, useState } from 'preact/hooks';
import { ask, mustSignIn } from './api.ts';
import { loadMe } from './me.ts';
import { PageHead } from './page-head.tsx';
import { Failure } from './states.tsx';
import { Text } from './text.tsx';

/** A trusted issuer that people can sign in by. */
interface Issuer {
  readonly name: string;
  readonly displayName?: string;
}

/** Stands in place of any page until somebody is signed in; the page's address stays, so that it is shown then. */
export function SignIn(): VNode {
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [failure, setFailure] = useState<Error>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const body = JSON.stringify({ username, password });
      await ask('/ui/session', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
      await loadMe();
      mustSignIn.value = false;
    } catch (error) {
      setFailure(error as Error);
    }
    setPassword('');
    setBusy(false);
  };
  return (
    <div class="sign-in">
      <PageHead title="Sign in" />
      <form onSubmit={(event) => void submit(event)}>
        <Field
          label="Name of the token, or admin"
          type="text"
          complete="username"
          value={username}
          onValue={setUsername}
        />
        <Field label="Password" type="password" complete="current-password" value={password} onValue={setPassword} />
        {failure === undefined ? null : <Failure of={failure} />}
        <button type="submit" class="button primary" aria-disabled={isBusy ? 'true' : undefined}>
          {isBusy ? 'Signing in …' : 'Sign in'}
        </button>
      </form>
      <Issuers />
    </div>
  );
}

interface FieldProps {
  readonly label: string;
  readonly type: 'text' | 'password';
  readonly complete: 'username' | 'current-password';
  readonly value: string;
  readonly onValue: (value: string) => void;
}

function Field({ label, type, complete, value, onValue }: FieldProps): VNode {
  const id = useId();
  const usual = {
    id,
    value,
    required: true,
    autocomplete: complete,
    autocapitalize: 'none',
    spellcheck: false,
    onInput: (event: { readonly currentTarget: HTMLInputElement }) => onValue(event.currentTarget.value),
  } as const;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {type === 'password' ? <input {...usual} type="password" /> : <input {...usual} type="text" />}
    </div>
  );
}

/** The other way in: the server does it all, so this is a link. */
function Issuers(): VNode | null {
  const [issuers, setIssuers] = useState<readonly Issuer[]>([]);
  useEffect(() => {
    void ask('/ui/session/issuers')
      .then((found) => setIssuers((found as { items?: readonly Issuer[] }).items ?? []))
      .catch(() => setIssuers([]));
  }, []);
  if (issuers.length === 0) return null;
  const back = encodeURIComponent(location.pathname + location.search);
  return (
    <ul class="issuers" aria-label="Other ways to sign in">
      {issuers.map(({ name, displayName = name }) => (
        <li key={name}>
          <a class="button plain" href={`/ui/session/oidc/${encodeURIComponent(name)}?returnTo=${back}`}>
            Sign in by <Text of={displayName} />
          </a>
        </li>
      ))}
    </ul>
  );
}
