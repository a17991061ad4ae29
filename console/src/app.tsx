import { lazy, Suspense, useCallback, useState } from 'react';
import { Link, Route, Switch, useLocation } from 'wouter';
import { useSession } from './api/session';
import { useLanguage } from './i18n/language';
import { Login } from './shell/login';
import { BottomNavigation, SideNavigation, usePages } from './shell/navigation';
import { PAGES, PRICE_LIST } from './shell/pages';
import { Palette } from './shell/palette';
import { Shortcuts } from './shell/shortcuts';
import { Switches } from './shell/switches';
import { ApiError } from './api/client';
import { ErrorBoundary, Fault } from './ui/fault';
import { Empty, Loading } from './ui/page';

function Pages() {
  const { own, operations } = usePages();
  const { t } = useLanguage();
  const [path] = useLocation();
  const known = PAGES.some((page) => page.path === path);
  return (
    // A new key per page: a page that broke does not keep the next one from showing.
    <ErrorBoundary key={path}>
      <Suspense fallback={<Loading />}>
        <Switch>
          {[...own, ...operations].map((page) => (
            <Route key={page.path} path={page.path} component={page.component} />
          ))}
          <Route>
            <Empty icon="warning" title={t(known ? 'fault.notAllowed' : 'fault.notFound')}>
              <Link href="/" className="button plain">
                {t('fault.home')}
              </Link>
            </Empty>
          </Route>
        </Switch>
      </Suspense>
    </ErrorBoundary>
  );
}

const PriceList = lazy(() => import('./prices/price-list'));

/** The price list for who has no login; it says so where the operator does not allow it. */
function PublicPrices() {
  const { t } = useLanguage();
  return (
    <main className="visitor">
      <header className="row spread">
        <div className="brand">
          <img src="/favicon.svg" alt="" width="28" height="28" />
          gesso
        </div>
        <div className="row">
          <Switches />
          <Link href="/" className="button plain">
            {t('login.enter')}
          </Link>
        </div>
      </header>
      <ErrorBoundary>
        <Suspense fallback={<Loading />}>
          <PriceList />
        </Suspense>
      </ErrorBoundary>
    </main>
  );
}

/** The console: the door, then navigation around one page. */
export function App() {
  const { state, retry } = useSession();
  const { t } = useLanguage();
  const [path] = useLocation();
  const [palette, setPalette] = useState(false);
  const openPalette = useCallback(() => setPalette(true), []);
  if (state === 'checking') return <Loading />;
  if (state === 'unreachable') {
    return <Fault error={new ApiError(0, 'network', 'network')} retry={retry} />;
  }
  if (state === 'out') return path === PRICE_LIST ? <PublicPrices /> : <Login />;
  return (
    <div className="shell">
      <a className="skip" href="#content">
        {t('nav.skip')}
      </a>
      <SideNavigation onSearch={openPalette} />
      <main id="content" tabIndex={-1}>
        <Pages />
      </main>
      <BottomNavigation onSearch={openPalette} />
      <Shortcuts onPalette={openPalette} />
      {palette && <Palette onClose={() => setPalette(false)} />}
    </div>
  );
}
