import { useCallback, useState } from 'react';
import { Link, Route, Switch, useLocation } from 'wouter';
import { useSession } from './api/session';
import { useLanguage } from './i18n/language';
import { Boot } from './shell/boot';
import { Login } from './shell/login';
import { Lost } from './shell/lost';
import { BottomNavigation, SideNavigation, usePages } from './shell/navigation';
import { PAGES, PRICE_LIST } from './shell/pages';
import { Palette } from './shell/palette';
import { placeholder } from './shell/placeholder';
import { Shortcuts } from './shell/shortcuts';
import { Switches } from './shell/switches';
import { ApiError } from './api/client';
import { ErrorBoundary, Fault } from './ui/fault';
import { later } from './ui/later';
import { Empty } from './ui/page';

function Pages() {
  const seen = usePages();
  const { t } = useLanguage();
  const [path] = useLocation();
  const known = PAGES.some((page) => page.path === path);
  return (
    // A new key per page: a page that broke does not keep the next one from showing.
    <ErrorBoundary key={path}>
      <Switch>
        {seen.map((page) => (
          <Route key={page.path} path={page.path}>
            <page.component />
          </Route>
        ))}
        <Route>
          <Empty icon="warning" title={t(known ? 'fault.notAllowed' : 'fault.notFound')}>
            <Link href="/" className="button plain">
              {t('fault.home')}
            </Link>
          </Empty>
        </Route>
      </Switch>
    </ErrorBoundary>
  );
}

const PriceList = later(
  () => import('./prices/price-list'),
  placeholder('nav.priceList', ['table']),
);

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
        <PriceList />
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
  if (state === 'checking') return <Boot />;
  if (state === 'unreachable') {
    return <Fault error={new ApiError(0, 'network', 'network')} retry={retry} />;
  }
  if (state === 'out') return path === PRICE_LIST ? <PublicPrices /> : <Login />;
  return (
    <div className="shell">
      <a className="skip" href="#content">
        {t('nav.skip')}
      </a>
      <Lost />
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
