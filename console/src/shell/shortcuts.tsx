import { useCallback, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { useLanguage } from '../i18n/language';
import { Dialog } from '../ui/dialog';
import { isTyping, useKeys } from '../ui/focus';
import { usePages } from './navigation';

/** The help of the keyboard. */
function Help({ onClose }: { onClose: () => void }) {
  const { t } = useLanguage();
  const pages = usePages();
  const rows: [string, string][] = [
    ['Ctrl/⌘ K', t('keys.palette')],
    ['/', t('keys.prompt')],
    ['↵', t('keys.submit')],
    ['← →', t('keys.arrows')],
    ['?', t('keys.help')],
    ...pages.map((page): [string, string] => [`g ${page.key}`, t(page.word)]),
  ];
  return (
    <Dialog title={t('keys.title')} onClose={onClose}>
      <dl className="keys">
        {rows.map(([keys, meaning]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

/** Listens for the shortcuts that work everywhere. */
export function Shortcuts({ onPalette }: { onPalette: () => void }) {
  const [help, setHelp] = useState(false);
  const [, go] = useLocation();
  const pages = usePages();
  const first = useRef(0);
  const press = useCallback(
    (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        onPalette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector('dialog[open]')) return;
      const afterG = Date.now() - first.current < 1200;
      first.current = 0;
      if (afterG) {
        const page = pages.find((one) => one.key === event.key);
        if (page) go(page.path);
      } else if (event.key === 'g') first.current = Date.now();
      else if (event.key === '?') setHelp(true);
      else if (event.key === '/') {
        const target = document.querySelector<HTMLElement>('[data-slash]');
        if (target) {
          event.preventDefault();
          target.focus();
        } else go('/?write=1');
      }
    },
    [go, onPalette, pages],
  );
  useKeys(press);
  return help ? <Help onClose={() => setHelp(false)} /> : null;
}
