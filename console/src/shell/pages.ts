import type { ComponentType, FunctionComponent } from 'react';
import type { Permission } from '../api/schema';
import type { Word } from '../i18n/words';
import type { IconName } from '../ui/icon';
import { later } from '../ui/later';
import type { Shape } from '../ui/skeleton';
import { placeholder } from './placeholder';

/** Where a page stands in the navigation; all but `own` need a permission. */
export type Group = 'own' | 'work' | 'money' | 'system';
export const GROUPS: readonly Group[] = ['own', 'work', 'money', 'system'];

export interface PageEntry {
  path: string;
  word: Word;
  icon: IconName;
  /** The second key after `g`. */
  key: string;
  group: Group;
  needs?: Permission;
  component: FunctionComponent & { fetch: () => void };
}

/** The one page that may be read without a login, where the operator allows it. */
export const PRICE_LIST = '/prices';

type Load = () => Promise<{ default: ComponentType }>;

function entry(
  group: Group,
  path: string,
  word: Word,
  [icon, key]: [IconName, string],
  shapes: Shape[],
  load: Load,
): PageEntry {
  const component = later(load, placeholder(word, shapes));
  const needs = group === 'own' ? {} : ({ needs: 'read' } as const);
  return { path, word, icon, key, group, component, ...needs };
}

function operation(
  group: Group,
  name: string,
  icon: IconName,
  key: string,
  shapes: Shape[],
  load: Load,
) {
  const word = `nav.${name}` as Word;
  return entry(group, `/operations/${name}`, word, [icon, key], shapes, load);
}

/** The site map: navigation, command palette, shortcuts and routes are made from it. */
export const PAGES: readonly PageEntry[] = [
  entry(
    'own',
    '/',
    'nav.studio',
    ['studio', 's'],
    ['form', 'cards'],
    () => import('../studio/studio'),
  ),
  entry(
    'own',
    '/gallery',
    'nav.gallery',
    ['gallery', 'g'],
    ['grid'],
    () => import('../gallery/gallery'),
  ),
  entry('own', '/chat', 'nav.chat', ['chat', 'm'], ['form'], () => import('../chat/chat')),
  entry(
    'own',
    PRICE_LIST,
    'nav.priceList',
    ['prices', 'i'],
    ['table'],
    () => import('../prices/price-list'),
  ),
  entry(
    'own',
    '/account',
    'nav.account',
    ['account', 'a'],
    ['figures', 'form'],
    () => import('./account'),
  ),
  operation('work', 'queue', 'queue', 'q', ['table'], () => import('../operations/queue')),
  operation('work', 'channels', 'channels', 'c', ['table'], () => import('../operations/channels')),
  operation(
    'work',
    'deliveries',
    'deliveries',
    'd',
    ['table'],
    () => import('../operations/deliveries'),
  ),
  operation(
    'work',
    'health',
    'health',
    'h',
    ['figures', 'table'],
    () => import('../operations/health'),
  ),
  operation('money', 'accounts', 'key', 'k', ['table'], () => import('../operations/accounts')),
  operation('money', 'prices', 'prices', 'p', ['table'], () => import('../operations/prices')),
  operation(
    'money',
    'usage',
    'usage',
    'y',
    ['figures', 'table'],
    () => import('../operations/usage'),
  ),
  operation(
    'money',
    'ledger',
    'ledger',
    'l',
    ['figures', 'table'],
    () => import('../operations/ledger'),
  ),
  operation('system', 'start', 'start', 'f', ['steps'], () => import('../operations/first-steps')),
  operation('system', 'users', 'users', 'u', ['table'], () => import('../operations/users')),
  operation('system', 'audit', 'audit', 't', ['table'], () => import('../operations/audit')),
  operation('system', 'words', 'words', 'w', ['form'], () => import('../operations/words')),
  operation(
    'system',
    'settings',
    'settings',
    'e',
    ['table'],
    () => import('../operations/settings'),
  ),
];

/** Fetches the code of a page while something else is still awaited. */
export function fetchPage(path: string): void {
  PAGES.find((page) => page.path === path)?.component.fetch();
}
