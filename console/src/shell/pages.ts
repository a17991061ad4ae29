import { lazy, type ComponentType } from 'react';
import type { Permission } from '../api/schema';
import type { Word } from '../i18n/words';
import type { IconName } from '../ui/icon';

export interface PageEntry {
  path: string;
  word: Word;
  icon: IconName;
  /** The second key after `g`. */
  key: string;
  needs?: Permission;
  component: ComponentType;
}

/** The one page that may be read without a login, where the operator allows it. */
export const PRICE_LIST = '/prices';

/** The site map: navigation, command palette, shortcuts and routes are made from it. */
export const PAGES: readonly PageEntry[] = [
  {
    path: '/',
    word: 'nav.studio',
    icon: 'studio',
    key: 's',
    component: lazy(() => import('../studio/studio')),
  },
  {
    path: '/gallery',
    word: 'nav.gallery',
    icon: 'gallery',
    key: 'g',
    component: lazy(() => import('../gallery/gallery')),
  },
  {
    path: '/chat',
    word: 'nav.chat',
    icon: 'chat',
    key: 'm',
    component: lazy(() => import('../chat/chat')),
  },
  {
    path: PRICE_LIST,
    word: 'nav.priceList',
    icon: 'prices',
    key: 'i',
    component: lazy(() => import('../prices/price-list')),
  },
  {
    path: '/account',
    word: 'nav.account',
    icon: 'account',
    key: 'a',
    component: lazy(() => import('./account')),
  },
  ...operations(),
];

function operations(): PageEntry[] {
  const needs: Permission = 'read';
  const rows: [string, Word, IconName, string, () => Promise<{ default: ComponentType }>][] = [
    ['start', 'nav.start', 'start', 'f', () => import('../operations/first-steps')],
    ['queue', 'nav.queue', 'queue', 'q', () => import('../operations/queue')],
    ['channels', 'nav.channels', 'channels', 'c', () => import('../operations/channels')],
    ['accounts', 'nav.accounts', 'key', 'k', () => import('../operations/accounts')],
    ['users', 'nav.users', 'users', 'u', () => import('../operations/users')],
    ['prices', 'nav.prices', 'prices', 'p', () => import('../operations/prices')],
    ['ledger', 'nav.ledger', 'ledger', 'l', () => import('../operations/ledger')],
    ['deliveries', 'nav.deliveries', 'deliveries', 'd', () => import('../operations/deliveries')],
    ['usage', 'nav.usage', 'usage', 'y', () => import('../operations/usage')],
    ['audit', 'nav.audit', 'audit', 't', () => import('../operations/audit')],
    ['words', 'nav.words', 'words', 'w', () => import('../operations/words')],
    ['health', 'nav.health', 'health', 'h', () => import('../operations/health')],
    ['settings', 'nav.settings', 'settings', 'e', () => import('../operations/settings')],
  ];
  return rows.map(([name, word, icon, key, load]) => ({
    path: `/operations/${name}`,
    word,
    icon,
    key,
    needs,
    component: lazy(load),
  }));
}
