import type { ComponentType, VNode } from 'preact';
import { render } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { Route, Router, Switch, useLocation } from 'wouter-preact';
import { Account, KeyList } from './account.tsx';
import { mustSignIn } from './api.ts';
import { Button } from './button.tsx';
import { AskedQuestion } from './dialog.tsx';
import { listenToKeys } from './keyboard.ts';
import { base, Link } from './link.tsx';
import { loadMe } from './me.ts';
import { Navigation } from './navigation.tsx';
import { PageHead } from './page-head.tsx';
import type { Page } from './pages.ts';
import { Search } from './search.tsx';
import { ShownSecrets } from './secrets.tsx';
import { SignIn } from './sign-in.tsx';
import { Empty, Loading } from './states.tsx';
import { ToastList } from './toast-list.tsx';
import { showEverythingVisibly } from './visible-everywhere.ts';

/** Shows the portal. */
export function showPortal(pages: readonly Page[]): void {
  const place = document.querySelector('#portal');
  if (place === null) return;
  showEverythingVisibly();
  void loadMe();
  render(
    <Router base={base}>
      <Shell pages={pages} />
    </Router>,
    place,
  );
}

function Shell({ pages }: { readonly pages: readonly Page[] }): VNode {
  const [, navigate] = useLocation();
  useEffect(
    () =>
      listenToKeys((letter) => {
        const page = pages.find(({ entry }) => entry?.letter === letter);
        if (page !== undefined) navigate(page.path);
        return page !== undefined;
      }),
    [],
  );
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="header">
        <Link href="/" class="brand">
          Longshore
        </Link>
        <Search />
        <Account />
      </header>
      <div class="body">
        <Navigation pages={pages} />
        <main id="main" tabIndex={-1}>
          {mustSignIn.value ? <SignIn /> : <Pages pages={pages} />}
        </main>
      </div>
      <ToastList />
      <KeyList />
      <AskedQuestion />
      <ShownSecrets />
    </>
  );
}

function Pages({ pages }: { readonly pages: readonly Page[] }): VNode {
  return (
    <Switch>
      {pages.map((page) => (
        <Route key={page.path} path={page.path}>
          <LoadedPage page={page} />
        </Route>
      ))}
      <Route>
        <PageHead title="There is no such page" />
        <Empty title="Nothing is at this address.">
          <p>
            Search above, or begin at the <Link href="/">overview</Link>.
          </p>
        </Empty>
      </Route>
    </Switch>
  );
}

function LoadedPage({ page }: { readonly page: Page }): VNode {
  const now = useMemo(() => page.load(), [page]);
  const [Content, setContent] = useState<{ readonly is?: ComponentType; readonly isFailed?: boolean }>(
    now instanceof Promise ? {} : { is: now },
  );
  useEffect(() => {
    if (now instanceof Promise)
      now.then(
        (is) => setContent({ is }),
        () => setContent({ isFailed: true }),
      );
  }, [now]);
  if (Content.is !== undefined) return <Content.is />;
  if (Content.isFailed !== true) return <Loading />;
  return (
    <Empty title="This page could not be loaded.">
      <p>The registry may have been updated since this tab was opened.</p>
      <Button kind="primary" onPress={() => location.reload()}>
        Reload
      </Button>
    </Empty>
  );
}
