import { useMemo, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useSession } from '../api/session';
import { useLanguage } from '../i18n/language';
import { IconButton } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Icon } from '../ui/icon';
import { GROUPS, PAGES, type PageEntry } from './pages';
import { Switches } from './switches';

function NavLink({ entry, onGo }: { entry: PageEntry; onGo?: () => void }) {
  const [path] = useLocation();
  const { t } = useLanguage();
  return (
    <Link
      href={entry.path}
      aria-current={path === entry.path ? 'page' : undefined}
      onPointerEnter={entry.component.fetch}
      onFocus={entry.component.fetch}
      onClick={() => onGo?.()}
    >
      <Icon name={entry.icon} />
      <span>{t(entry.word)}</span>
    </Link>
  );
}

/** Returns the pages that this role may see. */
export function usePages(): PageEntry[] {
  const { may } = useSession();
  return useMemo(() => PAGES.filter((page) => !page.needs || may(page.needs)), [may]);
}

function Links({ onGo }: { onGo?: () => void }) {
  const seen = usePages();
  const { t } = useLanguage();
  const go = onGo ? { onGo } : {};
  return GROUPS.map((group) => {
    const entries = seen.filter((entry) => entry.group === group);
    if (!entries.length) return null;
    return (
      <section key={group}>
        {group !== 'own' && <h2>{t(`nav.group.${group}`)}</h2>}
        {entries.map((entry) => (
          <NavLink key={entry.path} entry={entry} {...go} />
        ))}
        {group === 'own' && (
          <a href="/docs">
            <Icon name="docs" />
            <span>{t('nav.docs')}</span>
          </a>
        )}
      </section>
    );
  });
}

function Who() {
  const { me, leave } = useSession();
  const { t } = useLanguage();
  if (!me) return null;
  return (
    <div className="who">
      <div>
        <strong>{me.key.name}</strong>
        <small>{t(`role.${me.key.role}`)}</small>
      </div>
      <IconButton label={t('login.out')} icon="out" onPress={leave} />
    </div>
  );
}

/** Navigation at the side of wide screens. */
export function SideNavigation({ onSearch }: { onSearch: () => void }) {
  const { t } = useLanguage();
  return (
    <aside className="sidebar">
      <div className="brand">
        <img src="/favicon.svg" alt="" width="28" height="28" />
        gesso
      </div>
      <button type="button" className="finder" onClick={onSearch}>
        <Icon name="search" size={16} />
        <span>{t('do.search')}</span>
        <kbd>{/Mac|iPhone/.test(navigator.userAgent) ? '⌘K' : 'Ctrl K'}</kbd>
      </button>
      <nav aria-label={t('nav.main')}>
        <Links />
      </nav>
      <Switches />
      <Who />
    </aside>
  );
}

/** Navigation at the bottom of phones; the rest is in a drawer. */
export function BottomNavigation({ onSearch }: { onSearch: () => void }) {
  const { t } = useLanguage();
  const own = usePages().filter((entry) => entry.group === 'own');
  const [open, setOpen] = useState(false);
  return (
    <>
      <nav className="bottom" aria-label={t('nav.main')}>
        {own.map((entry) => (
          <NavLink key={entry.path} entry={entry} />
        ))}
        <button type="button" onClick={() => setOpen(true)}>
          <Icon name="more" />
          <span>{t('nav.more')}</span>
        </button>
      </nav>
      {open && (
        <Dialog title="gesso" kind="side" onClose={() => setOpen(false)} footer={<Who />}>
          <button
            type="button"
            className="finder"
            onClick={() => {
              setOpen(false);
              onSearch();
            }}
          >
            <Icon name="search" size={16} />
            <span>{t('command.open')}</span>
          </button>
          <nav className="drawer-links" aria-label={t('nav.more')}>
            <Links onGo={() => setOpen(false)} />
          </nav>
          <Switches />
        </Dialog>
      )}
    </>
  );
}
